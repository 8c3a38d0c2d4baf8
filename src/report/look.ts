import { findKnown } from '../data/known-images.js';
import { createEngine } from '../engine/create-engine.js';
import type { ComputeOptions } from '../engine/index.js';
import { jitterNames } from '../evaluate/bank.js';
import { createEvaluator } from '../evaluate/evaluator.js';
import type { Sweep } from '../evaluate/sweep.js';
import type { Log } from '../log.js';
import { type Config, evaluatorConfig, modelConfig } from '../run/config.js';
import { loadModel } from '../run/disk/checkpoint.js';
import { keptIn } from '../run/disk/images-file.js';
import { openTrainingImages } from '../run/disk/training-images.js';
import { keptImages } from '../run/kept-images.js';
import { demands } from '../train/estimate.js';
import { healthProtocol, UNMEASURED } from '../train/health.js';
import { measuringCosts, planHealth } from '../train/health-plan.js';
import { holdOut } from '../train/held-out.js';
import { stepConfig, traceStep } from '../train/step.js';
import { layouts } from '../world-model/index.js';

/** Held-out images that a report shows, and the share of a run's time that looking at them may take. */
const IMAGES = 4;
const SHARE = 0.05;

/** What a report shows beside the curves: what needs a run's model and its images. */
export interface Look {
  /** How MRR, k-NN and the pictures were made, or why there are none. */
  readonly protocol: string;
  /** One for each held-out image. */
  readonly sweeps: readonly Sweep[];
}

export interface LookOptions extends ComputeOptions {
  /** Held-out images to show (default: 4, fewer where the run was short). */
  readonly pictures?: number;
  readonly log?: Log;
  readonly signal?: AbortSignal;
}

/** How many images' sweeps a run has deserved: a short run of a large model would wait longer for them than it took. */
function picturesOf(config: Config, step: number): number {
  const sweep = jitterNames.length * measuringCosts(config).ranks;
  return Math.min(IMAGES, Math.floor((SHARE * config.steps * step) / sweep));
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
  const engine = createEngine({ threads, device });
  try {
    const settings = stepConfig(config);
    const step = demands(traceStep(settings), settings, Number.POSITIVE_INFINITY).multiplyAdds;
    const plan = planHealth(config, step, holdOut(images, config.seed));
    const most = pictures ?? picturesOf(config, step);
    // Another that cannot be read any more is as good as gone.
    const { found } = await findKnown(images, heldOut.slice(0, most), () => {});
    const shown = images.subset(found);
    const evaluator = await createEvaluator(engine, evaluatorConfig(config), signal);
    const sweeps = [];
    for (let image = 0; image < found.length; image++) {
      log?.progress(`report: image ${image + 1} of ${found.length}`);
      sweeps.push(await evaluator.sweep(weights, await shown.batch([image])));
    }
    const how = [
      plan === undefined ? UNMEASURED : healthProtocol(plan, config.seed),
      most === 0
        ? 'Pictures: none, as in so short a run they would take more than a twentieth of the time.'
        : found.length === 0
          ? 'Pictures: none, as none of the held-out images is in the data any more.'
          : 'Pictures: a prediction retrieves from the versions of its own row and 256 random ones.',
    ];
    return { protocol: how.join(' '), sweeps };
  } finally {
    engine.dispose();
    await images.close();
  }
}
