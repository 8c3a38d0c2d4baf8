import { type Command, Option } from 'commander';
import { type CommonOptions, deviceOption, integer, jsonOption, threadsOption } from './options.js';
import { createOutput } from './output.js';
import { taskOption } from './task-options.js';
import { tellFailed } from './tell-failed.js';

interface ClassifyCommand extends CommonOptions {
  most?: number;
  task?: string;
  csv?: true;
}

/** `iwm classify` */
export function registerClassify(program: Command): void {
  program
    .command('classify')
    .description('name the classes of images, with probabilities')
    .argument('<model>', 'folder that iwm adapt has made')
    .argument('<images...>', 'image files, or folders of them')
    .addOption(taskOption())
    .addOption(
      new Option('--most <integer>', 'classes to tell of each image (default: 5)').argParser(integer(1)),
    )
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addOption(
      new Option('--csv', 'print comma-separated values, a row for each class of an image').conflicts('json'),
    )
    .addHelpText(
      'after',
      '\nExample:\n  iwm classify runs/flowers rose.jpg garden/ --most 1 --csv > flowers.csv',
    )
    .action(async (model: string, images: string[], options: ClassifyCommand) => {
      const { classifyFiles, classifiedCsv, describeClassified } = await import(
        '../adapt/model/classify-files.js'
      );
      const output = createOutput({ json: options.json === true });
      const files = await classifyFiles(model, images, {
        ...(options.most === undefined ? {} : { most: options.most }),
        ...(options.task === undefined ? {} : { task: options.task }),
        log: output,
        threads: options.threads,
        device: options.device,
      });
      output.result({ model, ...files }, (options.csv ? classifiedCsv : describeClassified)(files.images));
      tellFailed(files.failed, output);
    });
}
