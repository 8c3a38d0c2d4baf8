import type { Command } from 'commander';
import { type CommonOptions, deviceOption, jsonOption, threadsOption } from './options.js';
import { createOutput } from './output.js';
import { tellFailed } from './tell-failed.js';

interface SegmentCommand extends CommonOptions {
  out: string;
  task?: string;
}

/** `iwm segment` */
export function registerSegment(program: Command): void {
  program
    .command('segment')
    .description('tell the class of every pixel of images: a mask, an overlay and a legend')
    .argument('<model>', 'folder that iwm adapt --task segmentation has made')
    .argument('<images...>', 'image files, or folders of them')
    .option('--out <folder>', 'folder to write to', 'segmented')
    .option('--task <name>', 'which of several tasks of an adapted model')
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  iwm segment runs/streets crossing.jpg bridge.jpg --out masks')
    .action(async (model: string, images: string[], options: SegmentCommand) => {
      const { out, task, threads, device, json } = options;
      const { segmentFiles, describeSegmented } = await import('../adapt/model/segment-files.js');
      const output = createOutput({ json: json === true });
      const files = await segmentFiles(model, images, {
        out,
        ...(task === undefined ? {} : { task }),
        log: output,
        threads,
        device,
      });
      output.result({ model, ...files }, describeSegmented(files));
      tellFailed(files.failed, output);
    });
}
