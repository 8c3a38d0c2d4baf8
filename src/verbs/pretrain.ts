import type { ImageSet } from '../data/image-set.js';
import { openRunEncoder } from '../encoders/run-encoder.js';
import { createEngine } from '../engine/create-engine.js';
import type { ComputeOptions, EngineOptions } from '../engine/index.js';
import { memoryOf } from '../engine/memory-limit.js';
import { systemRefusal, UserError } from '../errors.js';
import { type Log, quiet } from '../log.js';
import { alone, type Ranks } from '../ranks/ranks.js';
import type { Config } from '../run/config.js';
import { folderStore } from '../run/disk/folder-files.js';
import { openRun } from '../run/disk/run-folder.js';
import { openTrainingImages } from '../run/disk/training-images.js';
import { workRate } from '../train/estimate.js';
import { Pretraining, type PretrainResult } from '../train/pretraining.js';
import { rankStore } from '../train/rank-store.js';
import { checkSameEverywhere } from '../train/same-everywhere.js';
import { codeDigest } from './code-digest.js';

export { type Log, quiet } from '../log.js';
export type { PretrainResult } from '../train/pretraining.js';

export interface PretrainOptions extends ComputeOptions, Pick<EngineOptions, 'devices'> {
  /** Run folder to make, or to go on with. */
  readonly out: string;
  /** Go on with the run in `out` from its newest checkpoint; from the start where there is none yet. */
  readonly resume?: boolean;
  /** Stops the run when it is aborted: the step is finished and a checkpoint written. */
  readonly signal?: AbortSignal;
  readonly log?: Log;
  /**
   * The processes that train together ({@link openRanks}), each of which calls this; this one alone by default. The run is
   * kept, measured and spoken of by rank 0. What fails on one must end it, as that ends the others.
   */
  readonly ranks?: Ranks;
}

/**
 * Pretrains an image world model and leaves a run folder: config.json, images.json, metrics.jsonl, checkpoints/,
 * model.safetensors.
 * Equal configurations give equal weights, bit for bit, on one machine with one number of threads, interrupted or not.
 * Images that cannot be read are skipped and listed in bad-samples.jsonl, up to the share `badSamples` of them.
 * @throws UserError where there is no run to go on with, for weights that do not fit, data that cannot be read, a folder
 *   in use, a configuration that cannot fit, a loss that is not finite, a full disk; the reason of `signal` where that stopped it
 */
export async function pretrain(
  config: Config,
  { out, resume = false, threads, device, devices, signal, log = quiet, ranks = alone }: PretrainOptions,
): Promise<PretrainResult> {
  const first = ranks.rank === 0;
  if (ranks.size > 1) await checkSameEverywhere(ranks, { code: await codeDigest(), ...config });
  const { models, notes, weights } = await openRunEncoder(out, config);
  // A device that is none is told before a folder is made.
  const engine = createEngine({ threads, device, devices, models });
  const release = first ? await openRun(out, config, resume) : () => {};
  const kept = folderStore(out, models);
  let images: ImageSet | undefined;
  try {
    // Before decoding begins beside it; and a device that is not there is told before a folder is made.
    const rate = await workRate(engine);
    if (first) for (const line of notes) log.note(line);
    images = await openTrainingImages(config);
    const machine = { engine, rate, memory: memoryOf(engine), ranks };
    const store = rankStore(ranks, kept);
    const surroundings = { images, store, encoder: weights, signal, log: first ? log : quiet };
    return await new Pretraining(config, machine, surroundings).run(resume);
  } catch (error) {
    const refusal = systemRefusal(error);
    if (refusal === undefined) throw error;
    const newest = (await kept.storedSteps()).at(-1);
    throw new UserError(newest === undefined ? refusal : `${refusal}; --resume goes on after step ${newest}`);
  } finally {
    engine.dispose();
    await images?.close();
    release();
  }
}
