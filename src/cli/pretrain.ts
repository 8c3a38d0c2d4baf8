import { type Command, Option } from 'commander';
import type { Config } from '../run/config.js';
import { percent } from '../words.js';
import { interruptible } from './interruption.js';
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

const DEFAULT_PRESET = 'cifar';

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
    .option('--resume', 'go on from the newest checkpoint in --out, with the settings of that run')
    .addOption(seedOption())
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  iwm pretrain --data photos/ --preset cifar --out runs/photos --set predictor.depth=6',
    )
    .action(async (options: PretrainCommand) => {
      const out = options.out ?? `runs/${options.preset ?? DEFAULT_PRESET}`;
      await runPretrain(options.preset, out, options, createOutput({ json: options.json === true }));
    });
}

/** Trains, writes the report, and says what came out; shared with the demo. */
export async function runPretrain(
  preset: string | undefined,
  out: string,
  options: PretrainCommand,
  output: Output,
): Promise<void> {
  const { pretrain } = await import('../verbs/pretrain.js');
  const { reportRun } = await import('../report/report-run.js');
  const config = await configOf(preset, out, options);
  output.note(`configuration: ${JSON.stringify(config)}`);
  const { threads, device } = options;
  const quoted = (text: string): string =>
    /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
  const goOn = ['npx iwm pretrain --out', quoted(out), '--resume'];
  if (threads !== undefined) goOn.push(`--threads ${threads}`);
  if (device !== undefined) goOn.push(`--device ${quoted(device)}`);
  const { result, report } = await interruptible(
    goOn.join(' '),
    () => output.note('stopping after this step; once more to stop at once'),
    async (signal) => {
      const shared = { log: output, signal, threads, device };
      const result = await pretrain(config, { out, resume: options.resume === true, ...shared });
      return { result, report: await reportRun(out, shared) };
    },
  );
  const { before, after, ...rest } = result;
  const share = (value: number | undefined): string => (value === undefined ? '–' : percent(value));
  const lines = [
    `run       ${out}: ${result.steps} steps, ${result.images} images in ${result.seconds.toFixed(0)} s (${result.imagesPerSecond.toFixed(0)} images/s), loss ${result.loss.toFixed(4)}`,
    `MRR       ${before === undefined ? '' : `${before.mrr.toFixed(3)} before, `}${after.mrr.toFixed(3)} after (chance .024; details above)`,
    `k-NN      ${before === undefined ? '' : `${share(before.knn)} before, `}${share(after.knn)} after`,
    `verdict   ${after.verdict}`,
    `report    ${report}`,
    `next      npx iwm evaluate ${out} --data ${config.data.join(' --data ')}`,
  ];
  output.result({ ...rest, before, after, report }, lines.join('\n'));
}

/** The configuration that the options ask for; of a run that goes on, its own with what the options say of it. */
async function configOf(
  preset: string | undefined,
  out: string,
  { set, data, seed, steps, resume }: PretrainCommand,
): Promise<Config> {
  const { amend, resolve } = await import('../run/config.js');
  const { isRun, readConfig } = await import('../run/disk/run-folder.js');
  const settings = {
    ...set,
    ...(data === undefined ? {} : { data }),
    ...(seed === undefined ? {} : { seed }),
    ...(steps === undefined ? {} : { steps }),
  };
  if (resume !== true || !isRun(out)) return resolve(preset ?? DEFAULT_PRESET, settings);
  return amend(readConfig(out), preset === undefined ? settings : { ...settings, preset });
}
