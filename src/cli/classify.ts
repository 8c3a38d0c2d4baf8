import { type Command, Option } from 'commander';
import { type CommonOptions, deviceOption, integer, jsonOption, threadsOption } from './options.js';
import { createOutput } from './output.js';
import { taskOption } from './task-options.js';

interface ClassifyCommand extends CommonOptions {
  most?: number;
  task?: string;
}

/** `iwm classify` */
export function registerClassify(program: Command): void {
  program
    .command('classify')
    .description('name the classes of images, with probabilities')
    .argument('<model>', 'folder that iwm adapt has made')
    .argument('<images...>', 'image files')
    .addOption(taskOption())
    .addOption(
      new Option('--most <integer>', 'classes to tell of each image (default: 5)').argParser(integer(1)),
    )
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  iwm classify runs/flowers rose.jpg tulip.jpg --json')
    .action(async (model: string, images: string[], options: ClassifyCommand) => {
      const { classifyFiles, describeClassified } = await import('../adapt/model/classify-files.js');
      const output = createOutput({ json: options.json === true });
      const files = await classifyFiles(model, images, {
        ...(options.most === undefined ? {} : { most: options.most }),
        ...(options.task === undefined ? {} : { task: options.task }),
        threads: options.threads,
        device: options.device,
      });
      output.result({ model, images: files }, describeClassified(files));
    });
}
