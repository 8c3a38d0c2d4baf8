import { type Command, Option } from 'commander';
import {
  type CommonOptions,
  dataOption,
  deviceOption,
  integer,
  jsonOption,
  seedOption,
  threadsOption,
} from './options.js';
import { createOutput } from './output.js';

interface EvaluateCommand extends CommonOptions {
  bank?: string;
  images?: number;
}

/** `iwm evaluate` */
export function registerEvaluate(program: Command): void {
  program
    .command('evaluate')
    .description('measure a run: MRR, action R², k-NN, RankMe, each with its protocol')
    .argument('<run>', 'run folder')
    .addOption(dataOption())
    .option('--bank <source>', "labelled images that k-NN searches (default: the run's own training data)")
    .addOption(
      new Option('--images <integer>', 'images whose versions are ranked for MRR (default: 256)').argParser(
        integer(1),
      ),
    )
    .addOption(seedOption())
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  iwm evaluate runs/demo --data synthetic --json')
    .action(async (run: string, options: EvaluateCommand) => {
      const { evaluateRun, describeEvaluation } = await import('../evaluate/evaluate-run.js');
      const output = createOutput({ json: options.json === true });
      const evaluation = await evaluateRun(run, {
        log: output,
        ...(options.data === undefined ? {} : { data: options.data }),
        ...(options.bank === undefined ? {} : { bank: options.bank }),
        ...(options.images === undefined ? {} : { images: options.images }),
        ...(options.seed === undefined ? {} : { seed: options.seed }),
        ...(options.threads === undefined ? {} : { threads: options.threads }),
      });
      output.result(evaluation, describeEvaluation(evaluation));
    });
}
