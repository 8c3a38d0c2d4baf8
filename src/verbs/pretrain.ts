import { join } from 'node:path';
import { describeImages, type ImageSet } from '../data/image-set.js';
import { namesOf } from '../data/known-images.js';
import { createEngine } from '../engine/create-engine.js';
import type { Device } from '../engine/index.js';
import { memoryLimit } from '../engine/memory-limit.js';
import { systemRefusal, UserError } from '../errors.js';
import { type Log, quiet } from '../log.js';
import { type Config, describeConfig } from '../run/config.js';
import { folderFiles, folderStore } from '../run/disk/folder-files.js';
import { removeTemporaries } from '../run/disk/run-folder.js';
import { lockRun } from '../run/disk/run-lock.js';
import { checkStart } from '../run/kept-config.js';
import { checkSameImages } from '../run/kept-images.js';
import { demands, describeDemands, workRate } from '../train/estimate.js';
import { healthProtocol, UNMEASURED } from '../train/health.js';
import { planHealth } from '../train/health-plan.js';
import { holdOut } from '../train/held-out.js';
import { stepConfig, traceStep } from '../train/step.js';
import { type PretrainResult, trainingLoop } from '../train/training-loop.js';
import { startOf } from './start.js';
import { openTrainingImages } from './training-images.js';

export { type Log, quiet } from '../log.js';
export type { PretrainResult } from '../train/training-loop.js';

export interface PretrainOptions {
  /** Run folder to make, or to go on with. */
  readonly out: string;
  /** Go on with the run in `out` from its newest checkpoint; from the start where there is none yet. */
  readonly resume?: boolean;
  readonly threads?: number;
  readonly device?: Device;
  /** Stops the run when it is aborted: the step is finished and a checkpoint written. */
  readonly signal?: AbortSignal;
  readonly log?: Log;
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
  { out, resume = false, threads, device, signal, log = quiet }: PretrainOptions,
): Promise<PretrainResult> {
  const release = lockRun(out);
  const store = folderStore(out);
  let images: ImageSet | undefined;
  const engine = createEngine({ threads, device });
  try {
    removeTemporaries(out);
    await checkStart(folderFiles(out), config, resume);
    // Where the weights to begin with cannot be had, or do not fit, that is told first.
    const settings = stepConfig(config);
    const start = startOf(config, settings);
    // Before decoding begins beside it; and a device that is not there is told before a folder is made.
    const rate = await workRate(engine);
    images = await openTrainingImages(config);
    log.note(describeImages(images));
    log.note(`configuration: ${describeConfig(config)}; all of it in ${join(out, 'config.json')}`);
    const kept = await store.images();
    if (kept !== undefined) checkSameImages(out, kept, namesOf(images));
    if (images.length < 2)
      throw new UserError(`${images.source}: too few images to train on (${images.length})`);
    const program = traceStep(settings);
    const counted = demands(program, settings, memoryLimit());
    log.note(describeDemands(counted));
    const plan = planHealth(config, counted.multiplyAdds, holdOut(images, config.seed, start.before));
    log.note(plan === undefined ? UNMEASURED : healthProtocol(plan, config.seed));
    await store.begin(config);
    const course = { settings, program, demands: counted, rate, plan, ...start };
    return await trainingLoop(config, engine, course, images, {
      store,
      resume,
      signal,
      log,
    });
  } catch (error) {
    const refusal = systemRefusal(error);
    if (refusal === undefined) throw error;
    const newest = (await store.storedSteps()).at(-1);
    throw new UserError(newest === undefined ? refusal : `${refusal}; --resume goes on after step ${newest}`);
  } finally {
    engine.dispose();
    await images?.close();
    release();
  }
}
