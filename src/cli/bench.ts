import { type Command, Option } from 'commander';
import {
  type CommonOptions,
  deviceOption,
  integer,
  jsonOption,
  setOption,
  threadsOption,
} from './options.js';
import { createOutput } from './output.js';

interface BenchCommand extends CommonOptions {
  preset?: string;
  rounds?: number;
}

/** `iwm bench` */
export function registerBench(program: Command): void {
  program
    .command('bench')
    .description('time the training step on this machine, against a 1024³ matrix product in between')
    .option('--preset <name>', 'demo, cifar, small or vit-b16 (default: cifar)')
    .addOption(new Option('--rounds <integer>', 'steps to time (default: 20)').argParser(integer(1)))
    .addOption(setOption())
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  iwm bench --preset vit-b16 --set batch=4 --set accumulate=1')
    .action(async (options: BenchCommand) => {
      const { resolve } = await import('../train/config.js');
      const { bench, describeBench } = await import('../train/bench.js');
      const output = createOutput({ json: options.json === true });
      const result = await bench(resolve(options.preset ?? 'cifar', options.set), {
        log: output,
        ...(options.rounds === undefined ? {} : { rounds: options.rounds }),
        ...(options.threads === undefined ? {} : { threads: options.threads }),
      });
      output.result(result, describeBench(result));
    });
}
