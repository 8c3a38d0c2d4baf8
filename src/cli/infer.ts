import type { Command } from 'commander';
import { type CommonOptions, deviceOption, jsonOption, threadsOption } from './options.js';
import { createOutput } from './output.js';

/** `iwm infer` */
export function registerInfer(program: Command): void {
  program
    .command('infer')
    .description('which action leads from one image to another? The world model run backwards')
    .argument('<run>', 'folder of a finished run')
    .argument('<before>', 'image file')
    .argument('<after>', 'image file of the same thing')
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  iwm infer runs/photos rose.jpg rose-at-dusk.jpg')
    .action(async (run: string, before: string, after: string, options: CommonOptions) => {
      const { inferFiles, describeInference } = await import('../verbs/infer.js');
      const output = createOutput({ json: options.json === true });
      const { threads, device } = options;
      const found = await inferFiles(run, before, after, { threads, device });
      output.result(found, describeInference(found));
    });
}
