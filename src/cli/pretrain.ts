import { availableParallelism, cpus } from 'node:os';
import { type Command, Option } from 'commander';
import type { DeviceCount } from '../engine/engine.js';
import { UserError } from '../errors.js';
import type { Config } from '../run/config.js';
import type { Health } from '../run/metrics.js';
import { count, duration, percent, quoted } from '../words.js';
import { interruptible } from './interruption.js';
import {
  type CommonOptions,
  dataOption,
  deviceOption,
  devicesOption,
  integer,
  jsonOption,
  number,
  presetOption,
  seedOption,
  setOption,
  threadsOption,
} from './options.js';
import { createOutput, type Output, silent } from './output.js';

const DEFAULT_PRESET = 'cifar';

interface PretrainCommand extends CommonOptions {
  devices?: DeviceCount;
  preset?: string;
  out?: string;
  from?: string;
  encoder?: string;
  steps?: number;
  epochs?: number;
  batch?: number;
  lr?: number;
  resume?: true;
}

/** `iwm pretrain` */
export function registerPretrain(program: Command): void {
  program
    .command('pretrain')
    .description('train an image world model on images; leaves a run folder with model and report')
    .addOption(dataOption())
    .addOption(presetOption())
    .option('--out <folder>', 'run folder to make (default: runs/<preset>)')
    .option(
      '--from <run>',
      "begin with a finished run's weights, and its settings and data but for what is said",
    )
    .option(
      '--encoder <source>',
      "learn on others' encoder: a folder or file of safetensors (I-JEPA, ViT, DINOv2, timm) or ONNX (any that gives latents of patches), hf:owner/name; frozen unless --set encoder.trained=last:2 or all (safetensors)",
    )
    .addOption(new Option('--steps <integer>', 'number of steps').argParser(integer(1)))
    .addOption(
      new Option('--epochs <number>', 'in place of --steps: how often each image is seen').argParser(
        number(0),
      ),
    )
    .addOption(new Option('--batch <integer>', 'images in a step').argParser(integer(1)))
    .addOption(new Option('--lr <number>', 'learning rate at its peak').argParser(number(0)))
    .addOption(setOption())
    .option('--resume', 'go on from the newest checkpoint in --out, with the settings of that run')
    .addOption(seedOption())
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(devicesOption())
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
  const { openRanks } = await import('../ranks/open-ranks.js');
  const ranks = await openRanks();
  if (ranks.rank > 0) output = silent;
  if (ranks.size > 1 && availableParallelism() < cpus().length)
    output.note(
      `each rank has ${availableParallelism()} of ${count(cpus().length, 'core')}, as its launcher says; with Open MPI mpirun --bind-to none gives it all`,
    );
  const config = await configOf(preset, out, options, output);
  const { threads, device, devices } = options;
  const together = ranks.size > 1 ? `mpirun -n ${ranks.size} ` : '';
  const goOn = [`${together}npx iwm pretrain --out`, quoted(out), '--resume'];
  if (threads !== undefined) goOn.push(`--threads ${threads}`);
  if (device !== undefined) goOn.push(`--device ${quoted(device)}`);
  if (devices !== undefined) goOn.push(`--devices ${devices}`);
  const trained = await interruptible(
    goOn.join(' '),
    () => output.note('stopping after this step; once more to stop at once'),
    async (signal) => {
      const shared = { log: output, signal, threads, device };
      const own = { out, resume: options.resume === true, devices, ranks };
      const result = await pretrain(config, { ...own, ...shared });
      ranks.close();
      return ranks.rank === 0 ? { result, report: await reportRun(out, shared) } : undefined;
    },
  );
  if (trained === undefined) return;
  const { result, report } = trained;
  const { before, after, ...rest } = result;
  const share = (value: number | undefined): string => (value === undefined ? '–' : percent(value));
  const change = (of: (health: Health) => string): string =>
    `${before === undefined ? '' : `${of(before)} before, `}${after === undefined ? '' : of(after)} after`;
  const lines = [
    `run       ${out}: ${count(result.steps, 'step')}, ${count(result.images, 'image')} in ${duration(result.seconds)} (${result.imagesPerSecond.toFixed(0)} images/s), loss ${result.loss.toFixed(4)}`,
    ...(after === undefined
      ? []
      : [
          `MRR       ${change(({ mrr }) => mrr.toFixed(3))} (chance .024; details above)`,
          `k-NN      ${change(({ knn }) => share(knn))}`,
          `verdict   ${after.verdict}`,
        ]),
    `report    ${report}`,
    `studio    npx iwm studio ${quoted(out)}`,
    `next      ${['npx iwm evaluate', quoted(out), ...config.data.map((source) => `--data ${quoted(source)}`)].join(' ')}`,
  ];
  output.result({ ...rest, before, after, report }, lines.join('\n'));
}

/**
 * The configuration that the options ask for: of a run that goes on its own, of one that begins from another that
 * one's, each with what the options say of it.
 */
async function configOf(
  preset: string | undefined,
  out: string,
  { set, data, seed, steps, epochs, batch, lr, from, encoder, resume }: PretrainCommand,
  output: Output,
): Promise<Config> {
  const { adopt, amend, resolve, succeed } = await import('../run/config.js');
  const { isRun, readConfig } = await import('../run/disk/run-folder.js');
  if (steps !== undefined && epochs !== undefined)
    throw new UserError('give either --steps or --epochs, not both', 2);
  if (from !== undefined && (resume || preset !== undefined))
    throw new UserError(
      `--from begins a new run with the settings of ${from}; leave ${resume ? '--resume' : '--preset'} out`,
      2,
    );
  if (encoder !== undefined && (resume || from !== undefined))
    throw new UserError(
      `--encoder begins a new run with that encoder; leave ${resume ? '--resume' : '--from'} out`,
      2,
    );
  const named = { preset, data, seed, steps, batch, 'optimiser.learningRate': lr };
  const given = Object.entries(named).filter(([, value]) => value !== undefined);
  const settings = { ...set, ...Object.fromEntries(given) };
  const { openEncoder } = await import('../encoders/open-encoder.js');
  const wanted = settings['image.size'] as number | undefined;
  const settled = encoder === undefined ? undefined : (await openEncoder(encoder, wanted)).settled;
  const choose = async (more: Readonly<Record<string, unknown>>): Promise<Config> => {
    if (from !== undefined) {
      const { folderFiles } = await import('../run/disk/folder-files.js');
      const { beginFrom } = await import('../run/predecessor.js');
      return succeed(readConfig(from), await beginFrom(folderFiles(from)), { ...settings, ...more });
    }
    // That there is no such run is told by the one who would go on with it.
    if (resume && isRun(out)) return amend(readConfig(out), { ...settings, ...more });
    const chosen = preset ?? DEFAULT_PRESET;
    if (settled !== undefined) return adopt(chosen, settled, { ...settings, ...more });
    return resolve(chosen, { ...settings, ...more });
  };
  const config = await choose({});
  if (epochs === undefined) return config;
  const { stepsOf } = await import('../verbs/steps-of.js');
  const counted = await stepsOf(config, epochs);
  output.note(
    `${count(epochs, 'epoch')} of ${count(counted.images, 'image')}: ${count(counted.steps, 'step')} of ${config.batch}`,
  );
  return choose({ steps: counted.steps });
}
