import { type Command, Option } from 'commander';
import {
  type CommonOptions,
  dataOption,
  deviceOption,
  integer,
  jsonOption,
  number,
  seedOption,
  setOption,
  threadsOption,
} from './options.js';
import { createOutput } from './output.js';

interface ProbeCommand extends CommonOptions {
  data: string[];
  limit?: number;
  fraction?: number;
}

/** `iwm probe` */
export function registerProbe(program: Command): void {
  program
    .command('probe')
    .description('read classes off a frozen encoder: linear, attentive and k-NN, each with a small sweep')
    .argument('<run>', 'folder of a finished run')
    .addOption(dataOption().makeOptionMandatory())
    .addOption(
      new Option('--limit <integer>', 'labelled images to use, of every class alike').argParser(integer(1)),
    )
    .addOption(
      new Option(
        '--fraction <number>',
        'share of the labelled images to use, of every class alike',
      ).argParser(number(0, 1)),
    )
    .addOption(setOption())
    .addOption(seedOption())
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  iwm probe runs/photos --data flowers/ --set epochs=50')
    .action(async (run: string, options: ProbeCommand) => {
      const { probeRun } = await import('../adapt/probe.js');
      const { describeProbe } = await import('../adapt/probe-result.js');
      const output = createOutput({ json: options.json === true });
      const { data, seed, limit, fraction, threads, device } = options;
      const given = Object.entries({ seed, limit, fraction }).filter(([, value]) => value !== undefined);
      const result = await probeRun({
        run,
        data,
        set: { ...options.set, ...Object.fromEntries(given) },
        log: output,
        threads,
        device,
      });
      output.result(result, describeProbe(result));
    });
}
