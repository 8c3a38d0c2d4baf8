import { findKnown, namesOf } from '../data/known-images.js';
import { createEngine } from '../engine/create-engine.js';
import type { ComputeOptions } from '../engine/index.js';
import { createEvaluator } from '../evaluate/evaluator.js';
import type { Log } from '../log.js';
import { evaluatorConfig, modelConfig } from '../run/config.js';
import { badSamplesFile } from '../run/disk/bad-samples-file.js';
import { loadModel } from '../run/disk/checkpoint.js';
import { keptIn } from '../run/disk/images-file.js';
import { readMetrics } from '../run/disk/metrics-file.js';
import { readConfig } from '../run/disk/run-folder.js';
import { keptImages } from '../run/kept-images.js';
import type { Health, StepLine } from '../run/metrics.js';
import { healthProtocol } from '../train/health.js';
import { holdOut } from '../train/held-out.js';
import { openTrainingImages } from '../verbs/training-images.js';
import { layouts } from '../world-model/index.js';
import { writeReport } from './report.js';

/** Held-out images whose sweeps the report shows. */
const IMAGES = 4;

/**
 * Writes `report.html` into a finished run's folder: its curves, and for a few held-out images what the predictor
 * answers as each jitter sweeps from low to high.
 * @returns the path of the page
 * @throws UserError where the run is not finished, or its images cannot be read any more; the reason of `signal`
 */
export async function reportRun(
  run: string,
  { log, threads, device, signal }: { log?: Log; signal?: AbortSignal } & ComputeOptions = {},
): Promise<string> {
  const config = readConfig(run);
  const weights = loadModel(run, layouts(modelConfig(config)));
  const images = await openTrainingImages(config);
  const engine = createEngine({ threads, device });
  try {
    const { heldOut } = keptIn(run, keptImages);
    // Another that cannot be read any more is as good as gone.
    const { found } = await findKnown(images, heldOut.slice(0, IMAGES), () => {});
    const shown = images.subset(found);
    const evaluator = await createEvaluator(engine, evaluatorConfig(config), signal);
    const sweeps = [];
    for (let image = 0; image < found.length; image++) {
      log?.progress(`report: image ${image + 1} of ${found.length}`);
      sweeps.push(await evaluator.sweep(weights, await shown.batch([image])));
    }
    const metrics = readMetrics(run);
    const skipped = new Set(
      badSamplesFile(run)
        .read()
        .map(({ sample }) => sample),
    );
    const bank = namesOf(holdOut(images, config.seed).bank).filter((name) => !skipped.has(name));
    const health = { heldOut, bank, images: config.health.images, seed: config.seed };
    return await writeReport(run, {
      name: run,
      config,
      steps: metrics.filter((metric): metric is { kind: 'step' } & StepLine => metric.kind === 'step'),
      health: metrics.filter((metric): metric is { kind: 'health' } & Health => metric.kind === 'health'),
      protocol: `${healthProtocol(health)} Pictures: a prediction retrieves from the versions of its own row and 256 random ones.`,
      sweeps,
    });
  } finally {
    engine.dispose();
    await images.close();
  }
}
