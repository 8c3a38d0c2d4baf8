import { type Command, Option } from 'commander';
import { UserError } from '../errors.js';
import {
  type CommonOptions,
  dataOption,
  deviceOption,
  integer,
  jsonOption,
  number,
  seedOption,
  threadsOption,
} from './options.js';
import { createOutput, type Output } from './output.js';
import { taskOption } from './task-options.js';

interface EvaluateCommand extends CommonOptions {
  bank?: string;
  images?: number;
  strength?: number;
  task?: string;
}

/** `iwm evaluate` */
export function registerEvaluate(program: Command): void {
  program
    .command('evaluate')
    .description(
      'measure a run (MRR, action R², k-NN, RankMe) or an adapted model (accuracy or IoU, confusion), with the protocol',
    )
    .argument('<run>', 'run folder, or one that iwm adapt has made')
    .addOption(dataOption())
    .addOption(taskOption())
    .option('--bank <source>', "labelled images that k-NN searches (default: the run's own training data)")
    .addOption(
      new Option('--images <integer>', 'images whose versions are ranked for MRR (default: 256)').argParser(
        integer(1),
      ),
    )
    .addOption(
      new Option(
        '--strength <factor>',
        "of the paper's jitters, in the bank's versions (default: as the run was trained)",
      ).argParser(number(0.01)),
    )
    .addOption(seedOption())
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  iwm evaluate runs/demo --data synthetic --json')
    .action(async (run: string, options: EvaluateCommand) => {
      const output = createOutput({ json: options.json === true });
      const { isAdapted } = await import('../adapt/model/model-folder.js');
      if (isAdapted(run)) return evaluateAdaptedModel(run, options, output);
      if (options.task !== undefined) throw new UserError(`--task is for adapted models; ${run} is none`, 2);
      const { evaluateRun, describeEvaluation } = await import('../verbs/evaluate-run.js');
      const evaluation = await evaluateRun(run, {
        log: output,
        ...(options.data === undefined ? {} : { data: options.data }),
        ...(options.bank === undefined ? {} : { bank: options.bank }),
        ...(options.images === undefined ? {} : { images: options.images }),
        ...(options.strength === undefined ? {} : { strength: options.strength }),
        ...(options.seed === undefined ? {} : { seed: options.seed }),
        threads: options.threads,
        device: options.device,
      });
      output.result(evaluation, describeEvaluation(evaluation));
    });
}

async function evaluateAdaptedModel(
  folder: string,
  { data, task, threads, device, ...rest }: EvaluateCommand,
  output: Output,
): Promise<void> {
  const { evaluateAdapted, describeAdapted } = await import('../adapt/model/evaluate-adapted.js');
  for (const option of ['bank', 'images', 'strength', 'seed'] as const)
    if (rest[option] !== undefined)
      throw new UserError(`--${option} is for runs; ${folder} is an adapted model`, 2);
  const evaluation = await evaluateAdapted(folder, {
    log: output,
    ...(data === undefined ? {} : { data }),
    ...(task === undefined ? {} : { task }),
    threads,
    device,
  });
  output.result(evaluation, describeAdapted(evaluation));
}
