import { createEngine } from '../engine/create-engine.js';
import type { ComputeOptions } from '../engine/index.js';
import { createEvaluator } from '../evaluate/evaluator.js';
import type { Log } from '../log.js';
import { evaluatorConfig, modelConfig } from '../run/config.js';
import { hasBadSamples } from '../run/disk/bad-samples-file.js';
import { loadModel } from '../run/disk/checkpoint.js';
import { readMetrics } from '../run/disk/metrics-file.js';
import { readConfig } from '../run/disk/run-folder.js';
import type { Health, StepLine } from '../run/metrics.js';
import { healthProtocol } from '../train/health.js';
import { holdOut, readable } from '../train/held-out.js';
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
    const measured = holdOut(images, config.seed);
    // Training has looked at all of these; where it found no bad one, there is none.
    const { heldOut, bank } = hasBadSamples(run)
      ? { heldOut: await readable(measured.heldOut), bank: await readable(measured.bank) }
      : measured;
    const evaluator = await createEvaluator(engine, evaluatorConfig(config), signal);
    const count = Math.min(IMAGES, heldOut.length);
    const sweeps = [];
    for (let image = 0; image < count; image++) {
      log?.progress(`report: image ${image + 1} of ${count}`);
      sweeps.push(await evaluator.sweep(weights, await heldOut.batch([image])));
    }
    const metrics = readMetrics(run);
    const health = { evaluator, heldOut, bank, images: config.health.images, seed: config.seed };
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
