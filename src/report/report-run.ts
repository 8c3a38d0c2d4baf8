import { findKnown } from '../data/known-images.js';
import { createEngine } from '../engine/create-engine.js';
import type { ComputeOptions } from '../engine/index.js';
import { jitterNames } from '../evaluate/bank.js';
import { createEvaluator } from '../evaluate/evaluator.js';
import type { Log } from '../log.js';
import { type Config, evaluatorConfig, modelConfig } from '../run/config.js';
import { readModels } from '../run/disk/encoder-file.js';
import { folderStore } from '../run/disk/folder-files.js';
import { keptIn } from '../run/disk/images-file.js';
import { loadModel } from '../run/disk/model-file.js';
import { readConfig } from '../run/disk/run-folder.js';
import { openTrainingImages } from '../run/disk/training-images.js';
import { keptImages } from '../run/kept-images.js';
import type { Health, StepLine } from '../run/metrics.js';
import { demands } from '../train/estimate.js';
import { healthProtocol, UNMEASURED } from '../train/health.js';
import { measuringCosts, planHealth } from '../train/health-plan.js';
import { holdOut } from '../train/held-out.js';
import { stepConfig, traceStep } from '../train/step.js';
import { layouts } from '../world-model/index.js';
import { writeReport } from './report.js';

/** Held-out images whose sweeps the report shows, and the share of a run's time that they may take. */
const IMAGES = 4;
const SHARE = 0.05;

/** How many images' sweeps a run has deserved: a short run of a large model would wait longer for them than it took. */
function picturesOf(config: Config, step: number): number {
  const sweep = jitterNames.length * measuringCosts(config).ranks;
  return Math.min(IMAGES, Math.floor((SHARE * config.steps * step) / sweep));
}

/**
 * Writes `report.html` into a finished run's folder: its curves, and for a few held-out images what the predictor
 * answers as each jitter sweeps from low to high.
 * @param options.pictures held-out images to show (default: 4, fewer where the run was short)
 * @returns the path of the page
 * @throws UserError where the run is not finished, or its images cannot be read any more; the reason of `signal`
 */
export async function reportRun(
  run: string,
  {
    pictures,
    log,
    threads,
    device,
    signal,
  }: { pictures?: number; log?: Log; signal?: AbortSignal } & ComputeOptions = {},
): Promise<string> {
  const config = readConfig(run);
  const weights = loadModel(run, layouts(modelConfig(config)));
  const images = await openTrainingImages(config);
  const engine = createEngine({ threads, device, models: readModels(run, config) });
  try {
    const { heldOut } = keptIn(run, keptImages);
    const settings = stepConfig(config);
    const step = demands(traceStep(settings), settings, Number.POSITIVE_INFINITY).multiplyAdds;
    const plan = planHealth(config, step, holdOut(images, config.seed));
    // Another that cannot be read any more is as good as gone.
    const { found } = await findKnown(
      images,
      heldOut.slice(0, pictures ?? picturesOf(config, step)),
      () => {},
    );
    const shown = images.subset(found);
    const evaluator = await createEvaluator(engine, evaluatorConfig(config), signal);
    const sweeps = [];
    for (let image = 0; image < found.length; image++) {
      log?.progress(`report: image ${image + 1} of ${found.length}`);
      sweeps.push(await evaluator.sweep(weights, await shown.batch([image])));
    }
    const metrics = await folderStore(run).metrics();
    const how = [
      plan === undefined ? UNMEASURED : healthProtocol(plan, config.seed),
      found.length === 0
        ? 'Pictures: none, as in so short a run they would take more than a twentieth of the time.'
        : 'Pictures: a prediction retrieves from the versions of its own row and 256 random ones.',
    ];
    return await writeReport(run, {
      name: run,
      config,
      steps: metrics.filter((metric): metric is { kind: 'step' } & StepLine => metric.kind === 'step'),
      health: metrics.filter((metric): metric is { kind: 'health' } & Health => metric.kind === 'health'),
      protocol: how.join(' '),
      sweeps,
    });
  } finally {
    engine.dispose();
    await images.close();
  }
}
