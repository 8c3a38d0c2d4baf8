import type { Command } from 'commander';
import {
  adaptationSettings,
  type CommonOptions,
  dataOption,
  deviceOption,
  fractionOption,
  jsonOption,
  limitOption,
  seedOption,
  setOption,
  threadsOption,
} from './options.js';
import { createOutput } from './output.js';

interface ProbeCommand extends CommonOptions {
  data: string[];
}

/** `iwm probe` */
export function registerProbe(program: Command): void {
  program
    .command('probe')
    .description('read classes off a frozen encoder: linear, attentive and k-NN, each with a small sweep')
    .argument('<run>', 'folder of a finished run')
    .addOption(dataOption().makeOptionMandatory())
    .addOption(limitOption())
    .addOption(fractionOption())
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
      const { data, threads, device } = options;
      const result = await probeRun(
        { ...adaptationSettings(options), run, data },
        { log: output, threads, device },
      );
      output.result(result, describeProbe(result));
    });
}
