import { join } from 'node:path';
import { openImages } from '../data/images.js';
import { createEngine } from '../engine/index.js';
import { createEvaluator } from '../evaluate/evaluator.js';
import { loadModel } from '../train/checkpoint.js';
import { modelConfig, viewsConfig } from '../train/config.js';
import { holdOut, type Log } from '../train/pretrain.js';
import { type Health, readConfig, readMetrics, type StepLine } from '../train/run-folder.js';
import { layouts } from '../train/step.js';
import { writeReport } from './report.js';

/** Held-out images whose sweeps the report shows. */
const IMAGES = 4;

/**
 * Writes `report.html` into a finished run's folder: its curves, and for a few held-out images what the predictor
 * answers as each jitter sweeps from low to high.
 * @returns the path of the page
 */
export async function reportRun(
  run: string,
  { log, threads }: { log?: Log; threads?: number } = {},
): Promise<string> {
  const config = readConfig(run);
  const model = modelConfig(config);
  const weights = loadModel(run, layouts(model));
  const engine = createEngine(threads === undefined ? {} : { threads });
  const images = await openImages(config.data, {
    size: config.image.stored,
    ...(config.limit === undefined ? {} : { limit: config.limit }),
  });
  try {
    const { heldOut, bank } = holdOut(images, config.seed);
    const evaluator = await createEvaluator(engine, {
      model,
      normalisation: config.normalisation,
      augmentation: config.augmentation,
      image: viewsConfig(config).image,
    });
    const sweeps = [];
    for (let image = 0; image < Math.min(IMAGES, heldOut.length); image++) {
      log?.progress(`report: image ${image + 1} of ${IMAGES}`);
      sweeps.push(await evaluator.sweep(weights, await heldOut.batch([image])));
    }
    const metrics = readMetrics(run);
    await writeReport(run, {
      name: run,
      config,
      steps: metrics.filter((metric): metric is { kind: 'step' } & StepLine => metric.kind === 'step'),
      health: metrics.filter((metric): metric is { kind: 'health' } & Health => metric.kind === 'health'),
      protocol: `MRR over a bank of 256 jittered versions of each of ${Math.min(config.health.images, heldOut.length)} images held out of the training data; k-NN (k = 20, cosine) of ${heldOut.length} held-out images among ${bank.length} training images; seed ${config.seed}.`,
      sweeps,
    });
    return join(run, 'report.html');
  } finally {
    engine.dispose();
    await images.close();
  }
}
