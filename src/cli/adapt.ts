import { type Command, Option } from 'commander';
import type { HeadKind } from '../adapt/network/heads.js';
import { merge } from '../run/settings.js';
import {
  adaptationSettings,
  type CommonOptions,
  classesOption,
  dataOption,
  deviceOption,
  fractionOption,
  ignoredOption,
  jsonOption,
  limitOption,
  seedOption,
  setOption,
  threadsOption,
} from './options.js';
import { createOutput } from './output.js';
import { type AskedTask, pairTasks, tasksOption, withHead } from './task-options.js';

interface AdaptCommand extends CommonOptions {
  tune?: string;
  predictor?: string;
  head?: HeadKind;
  out: string;
  data: string[];
  task?: AskedTask[];
}

/** `iwm adapt` */
export function registerAdapt(program: Command): void {
  program
    .command('adapt')
    .description(
      'teach a pretrained run one or several tasks: tune a head, the predictor, the encoder, or all',
    )
    .argument('<run>', 'folder of a finished run')
    .addOption(dataOption().makeOptionMandatory())
    .requiredOption('--out <folder>', 'folder to make for the adapted model')
    .addOption(tasksOption())
    .addOption(
      new Option('--tune <part>', 'what is trained; the rest is frozen (default: predictor)').choices([
        'head',
        'predictor',
        'encoder',
        'all',
      ]),
    )
    .addOption(
      new Option(
        '--predictor <weights>',
        'its weights to begin with (default: pretrained where it is tuned)',
      ).choices(['pretrained', 'random', 'none']),
    )
    .addOption(
      new Option(
        '--head <kind>',
        'what reads the tokens (default: attentive; dense for segmentation)',
      ).choices(['linear', 'attentive', 'dense']),
    )
    .addOption(limitOption())
    .addOption(fractionOption())
    .addOption(classesOption())
    .addOption(ignoredOption())
    .addOption(setOption())
    .addOption(seedOption())
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  iwm adapt runs/photos --data flowers/ --out runs/flowers --set epochs=20\n  iwm classify runs/flowers rose.jpg\n  iwm adapt runs/photos --data streets/ --task segmentation --out runs/streets\n  iwm segment runs/streets crossing.jpg\n\nSeveral tasks at once, one predictor for all:\n  iwm adapt runs/photos --task classification --data flowers/ --task turn=rotation --data photos/ --out runs/both',
    )
    .action(async (run: string, options: AdaptCommand) => {
      const { adapt } = await import('../adapt/adapt.js');
      const { describeResult } = await import('../adapt/result.js');
      const { reportAdapted } = await import('../report/report-adapted.js');
      const output = createOutput({ json: options.json === true });
      const { data, tune, task = [], predictor, head, threads, device } = options;
      const said = {
        ...(tune === undefined ? {} : { tune }),
        ...(predictor === undefined ? {} : { predictor: { weights: predictor } }),
      };
      const choices = merge(said, adaptationSettings(options));
      const result = await adapt(
        { ...choices, run, tasks: withHead(pairTasks(task, data), head) },
        { out: options.out, log: output, threads, device },
      );
      const report = await reportAdapted(options.out, { log: output, threads, device });
      output.result({ ...result, report }, `${describeResult(result)}\nreport    ${report}`);
    });
}
