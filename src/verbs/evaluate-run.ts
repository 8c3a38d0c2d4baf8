import { describeImages } from '../data/image-set.js';
import { createEngine } from '../engine/create-engine.js';
import type { ComputeOptions } from '../engine/index.js';
import type { Evaluation } from '../evaluate/evaluation.js';
import { createEvaluator } from '../evaluate/evaluator.js';
import { measureModel } from '../evaluate/measure-model.js';
import type { Log } from '../log.js';
import { amend, evaluatorConfig, modelConfig } from '../run/config.js';
import { readModels } from '../run/disk/encoder-file.js';
import { keptIn } from '../run/disk/images-file.js';
import { loadModel } from '../run/disk/model-file.js';
import { readConfig } from '../run/disk/run-folder.js';
import { keptImages } from '../run/kept-images.js';
import { layouts } from '../world-model/index.js';
import { openEvaluationSets } from './evaluation-sets.js';
import { keptMeasurements } from './kept-measurements.js';

export { describeEvaluation, type Evaluation } from '../evaluate/evaluation.js';

export interface EvaluateOptions extends ComputeOptions {
  /** Images to measure on; the run's own source where left out. Of a source with splits, validation, else test. */
  readonly data?: readonly string[];
  /** Labelled images that k-NN searches; the run's training data where left out. */
  readonly bank?: string;
  /** Images whose versions are ranked (default 256). */
  readonly images?: number;
  readonly seed?: number;
  /** Factor of the paper's jitters, of what is measured; that of training where left out. */
  readonly strength?: number;
  readonly log?: Log;
}

/**
 * Measures a finished run: MRR (also by transformation), action R², k-NN, RankMe, feature deviation.
 * @throws UserError where the run or the images cannot be read
 */
export async function evaluateRun(run: string, options: EvaluateOptions = {}): Promise<Evaluation> {
  const { images = 256, seed = 0, threads, device, log } = options;
  const config = readConfig(run);
  const { strength = config.augmentation.strength } = options;
  const weights = loadModel(run, layouts(modelConfig(config)));
  log?.progress('reads the images');
  const sets = await openEvaluationSets(config, keptIn(run, keptImages), { ...options, seed });
  const engine = createEngine({ threads, device, models: readModels(run, config) });
  try {
    const { description, asked } = sets;
    log?.note(`images: ${describeImages({ description: description.asked, notes: asked.notes })}`);
    if (sets.skipped !== undefined) log?.note(sets.skipped);
    const settings = evaluatorConfig(amend(config, { 'augmentation.strength': strength }));
    const evaluator = await createEvaluator(engine, settings);
    const kept = keptMeasurements(run, settings, weights, { device: engine.device, log });
    return await measureModel(evaluator, settings, weights, sets, { run, images, seed, log, kept });
  } finally {
    engine.dispose();
    await sets.close();
  }
}
