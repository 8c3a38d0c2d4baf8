import { type Command, Option } from 'commander';
import {
  type CommonOptions,
  dataOption,
  deviceOption,
  integer,
  jsonOption,
  seedOption,
  setOption,
  threadsOption,
} from './options.js';
import { createOutput, type Output } from './output.js';

interface PretrainCommand extends CommonOptions {
  preset?: string;
  out?: string;
  steps?: number;
  resume?: true;
}

/** `iwm pretrain` */
export function registerPretrain(program: Command): void {
  program
    .command('pretrain')
    .description('train an image world model on images; leaves a run folder with model and report')
    .addOption(dataOption())
    .option('--preset <name>', 'demo, cifar, small or vit-b16 (default: cifar)')
    .option('--out <folder>', 'run folder to make (default: runs/<preset>)')
    .addOption(new Option('--steps <integer>', 'number of steps').argParser(integer(1)))
    .addOption(setOption())
    .option('--resume', 'go on from the newest checkpoint in --out')
    .addOption(seedOption())
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  iwm pretrain --data photos/ --preset cifar --out runs/photos --set predictor.depth=6',
    )
    .action(async (options: PretrainCommand) => {
      const preset = options.preset ?? 'cifar';
      await runPretrain(
        preset,
        options.out ?? `runs/${preset}`,
        options,
        createOutput({ json: options.json === true }),
      );
    });
}

/** Trains, writes the report, and says what came out; shared with the demo. */
export async function runPretrain(
  preset: string,
  out: string,
  options: PretrainCommand,
  output: Output,
): Promise<void> {
  const { resolve } = await import('../train/config.js');
  const { pretrain } = await import('../train/pretrain.js');
  const { reportRun } = await import('../report/report-run.js');
  const config = resolve(preset, {
    ...options.set,
    ...(options.data === undefined ? {} : { data: options.data }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.steps === undefined ? {} : { steps: options.steps }),
  });
  output.note(`configuration: ${JSON.stringify(config)}`);
  const threads = options.threads === undefined ? {} : { threads: options.threads };
  const result = await pretrain(config, { out, resume: options.resume === true, log: output, ...threads });
  const report = await reportRun(out, { log: output, ...threads });
  const { before, after, ...rest } = result;
  const percent = (value: number | undefined): string =>
    value === undefined ? '–' : `${(100 * value).toFixed(1)} %`;
  const lines = [
    `run       ${out}: ${result.steps} steps, ${result.images} images in ${result.seconds.toFixed(0)} s (${result.imagesPerSecond.toFixed(0)} images/s), loss ${result.loss.toFixed(4)}`,
    `MRR       ${before === undefined ? '' : `${before.mrr.toFixed(3)} before, `}${after.mrr.toFixed(3)} after (chance .024; details above)`,
    `k-NN      ${before === undefined ? '' : `${percent(before.knn)} before, `}${percent(after.knn)} after`,
    `verdict   ${after.verdict}`,
    `report    ${report}`,
    `next      npx iwm evaluate ${out} --data ${config.data.join(' --data ')}`,
  ];
  output.result({ ...rest, before, after, report }, lines.join('\n'));
}
