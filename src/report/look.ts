import { everyIndex, findKnown } from '../data/known-images.js';
import { createEngine } from '../engine/create-engine.js';
import { Compiled, type ComputeOptions } from '../engine/index.js';
import { jitterNames } from '../evaluate/bank.js';
import { ACTIONS, BANK } from '../evaluate/evaluation-protocol.js';
import { createEvaluator } from '../evaluate/evaluator.js';
import { type Inversion, invert } from '../evaluate/inversion.js';
import { type LatentMaps, latentMaps } from '../evaluate/latent-maps.js';
import type { MrrResult } from '../evaluate/mrr.js';
import { mrrByJitter } from '../evaluate/mrr-by-jitter.js';
import { toRgb } from '../evaluate/retrieval.js';
import { type SeenViews, seenViews } from '../evaluate/seen-views.js';
import { type Sweep, sweepJitters } from '../evaluate/sweep.js';
import type { Log } from '../log.js';
import { type Config, evaluatorConfig, modelConfig, viewsConfig } from '../run/config.js';
import { readModels } from '../run/disk/encoder-file.js';
import { keptIn } from '../run/disk/images-file.js';
import { loadModel } from '../run/disk/model-file.js';
import { openTrainingImages } from '../run/disk/training-images.js';
import { keptImages } from '../run/kept-images.js';
import { demands } from '../train/estimate.js';
import { healthProtocol, UNMEASURED } from '../train/health.js';
import { measuringCosts, planHealth } from '../train/health-plan.js';
import { holdOut } from '../train/held-out.js';
import { stepConfig, traceStep } from '../train/step.js';
import { layouts } from '../world-model/index.js';

/** Held-out images that a report shows, those that are asked for each jitter alone, and the share of a run's time for both. */
const SHOWN = 4;
const ASKED = 32;
const SHARE = 0.05;

/** What a report shows beside the curves: what needs a run's model and its images. */
export interface Look {
  /** How MRR, k-NN and the pictures were made, or why there are none. */
  readonly protocol: string;
  /** These four have one for each held-out image that is shown. */
  readonly sweeps: readonly Sweep[];
  readonly inversions: readonly (readonly Inversion[])[];
  readonly latents: readonly LatentMaps[];
  readonly views: readonly SeenViews[];
  /** MRR with one jitter varied alone, by its name. */
  readonly byJitter: Readonly<Record<string, MrrResult>>;
}

/** Nothing to see. @param protocol why */
export const unseen = (protocol: string): Look => ({
  protocol,
  sweeps: [],
  inversions: [],
  latents: [],
  views: [],
  byJitter: {},
});

export interface LookOptions extends ComputeOptions {
  /** Held-out images to show (default: 4, fewer where the run was short). */
  readonly pictures?: number;
  readonly log?: Log;
  readonly signal?: AbortSignal;
}

/**
 * How many images a run has deserved to be shown, and asked for each jitter: a short run of a large model would wait
 * longer for them than it took.
 * @param step multiply-adds of a step
 */
function imagesOf(config: Config, step: number): { readonly shown: number; readonly asked: number } {
  const { ranks } = measuringCosts(config);
  const affordable = (SHARE * config.steps * step) / ranks;
  // The versions of an image are encoded once for all its pictures, and once for each jitter alone.
  const shown = Math.min(SHOWN, Math.floor(affordable));
  const asked = Math.min(ASKED, Math.floor((affordable - shown) / jitterNames.length));
  return { shown, asked };
}

/**
 * Looks at a finished run with its own held-out images.
 * @throws UserError where the run is not finished, or its images cannot be read any more; the reason of `signal`
 */
export async function lookAt(
  run: string,
  config: Config,
  { pictures, log, threads, device, signal }: LookOptions,
): Promise<Look> {
  const weights = loadModel(run, layouts(modelConfig(config)));
  const { heldOut } = keptIn(run, keptImages);
  const images = await openTrainingImages(config);
  const engine = createEngine({ threads, device, models: readModels(run, config) });
  try {
    const training = stepConfig(config);
    const step = demands(traceStep(training), training, Number.POSITIVE_INFINITY).multiplyAdds;
    const plan = planHealth(config, step, holdOut(images, config.seed));
    const deserved = imagesOf(config, step);
    const most = pictures ?? deserved.shown;
    // Another that cannot be read any more is as good as gone.
    const { found } = await findKnown(images, heldOut.slice(0, Math.max(most, deserved.asked)), () => {});
    const asked = images.subset(found);
    const shown: Float32Array[] = [];
    for (let i = 0; i < Math.min(most, found.length); i++) shown.push(await asked.batch([i]));
    const how = [
      plan === undefined ? UNMEASURED : healthProtocol(plan, config.seed),
      most === 0
        ? 'Pictures: none, as in so short a run they would take more than a twentieth of the time.'
        : found.length === 0
          ? 'Pictures: none, as none of the held-out images is in the data any more.'
          : 'Pictures: a prediction retrieves from the versions of its own row and 256 random ones.',
    ].join(' ');
    if (shown.length === 0) return unseen(how);
    const { seed, augmentation } = config;
    const settings = evaluatorConfig(config);
    const compiled = new Compiled(engine, signal);
    const evaluator = await createEvaluator(engine, settings, signal);
    const looks = [];
    for (const [i, image] of shown.entries()) {
      log?.progress(`report: image ${i + 1} of ${shown.length}`);
      const retriever = await evaluator.retriever(weights, image);
      looks.push({
        retriever,
        sweep: {
          original: toRgb(image, settings.image.height),
          rows: await sweepJitters(retriever, augmentation),
        },
        inversions: await invert(retriever, augmentation),
        views: await seenViews(compiled, viewsConfig(config), image, seed, i),
      });
    }
    log?.progress('report: asks for each jitter alone');
    const { byAction } = await mrrByJitter(evaluator, evaluatorConfig(config), asked, async (set, vary) =>
      set.length === 0
        ? undefined
        : evaluator.mrr(weights, await set.batch(everyIndex(set)), {
            bank: BANK,
            actions: ACTIONS,
            seed,
            vary,
          }),
    );
    return {
      protocol: how,
      sweeps: looks.map(({ sweep }) => sweep),
      inversions: looks.map(({ inversions }) => inversions),
      latents: await latentMaps(
        looks.map(({ retriever }) => retriever),
        settings,
        seed,
      ),
      views: looks.map(({ views }) => views),
      byJitter: byAction,
    };
  } finally {
    engine.dispose();
    await images.close();
  }
}
