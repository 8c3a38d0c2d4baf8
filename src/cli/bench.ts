import { type Command, Option } from 'commander';
import {
  type CommonOptions,
  deviceOption,
  integer,
  jsonOption,
  presetOption,
  setOption,
  threadsOption,
} from './options.js';
import { createOutput } from './output.js';

interface BenchCommand extends CommonOptions {
  preset?: string;
  rounds?: number;
  profile?: true;
}

/** `iwm bench` */
export function registerBench(program: Command): void {
  program
    .command('bench')
    .description('time the training step on this machine, against a 1024³ matrix product in between')
    .addOption(presetOption())
    .addOption(
      new Option('--rounds <integer>', 'steps to time (default: 20; to profile: 5)').argParser(integer(1)),
    )
    .option('--profile', 'instead, show where a step spends its time: by operator and by layer')
    .addOption(setOption())
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  iwm bench --preset vit-b16 --set batch=4 --set accumulate=1')
    .action(async (options: BenchCommand) => {
      const { resolve } = await import('../run/config.js');
      const output = createOutput({ json: options.json === true });
      const config = resolve(options.preset ?? 'cifar', { data: ['synthetic'], ...options.set });
      const { rounds, threads, device } = options;
      const asked = { rounds, threads, device };
      if (options.profile) {
        const { describeProfile, profileStep } = await import('../speed/profile.js');
        const profile = await profileStep(config, asked);
        return output.result(profile, describeProfile(profile));
      }
      const { bench, describeBench } = await import('../speed/bench.js');
      const result = await bench(config, { ...asked, log: output });
      output.result(result, describeBench(result));
    });
}
