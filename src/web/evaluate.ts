import { describeImages, type ImageSet } from '../data/image-set.js';
import { createWebEngine, type WebEngineOptions } from '../engine/onnxruntime-web.js';
import { chooseImages } from '../evaluate/chosen-images.js';
import type { Evaluation } from '../evaluate/evaluation.js';
import { createEvaluator } from '../evaluate/evaluator.js';
import { measureModel } from '../evaluate/measure-model.js';
import type { Log } from '../log.js';
import { evaluatorConfig, modelConfig } from '../run/config.js';
import { readConfig } from '../run/config-file.js';
import { readModels } from '../run/encoder-file.js';
import { readKeptImages } from '../run/images-file.js';
import { imagesMissing } from '../run/kept-images.js';
import { readModel } from '../run/model-file.js';
import { placeOf, type RunSource } from '../run/run-files.js';
import { layouts } from '../world-model/index.js';

export interface EvaluateOptions extends WebEngineOptions {
  /** What the run was trained on: k-NN searches it. */
  readonly trained: ImageSet;
  /** Images to measure on; those that training held out where left out. */
  readonly given?: ImageSet;
  /** Images whose versions are ranked (default 256). */
  readonly images?: number;
  readonly seed?: number;
  readonly log?: Log;
}

/**
 * Measures a finished run in a page, as `iwm evaluate` does: MRR (also by transformation), action R², k-NN, RankMe,
 * feature deviation.
 * @throws UserError where the run or too many of the images cannot be read
 */
export async function evaluate(
  run: RunSource,
  { trained, given = trained, images = 256, seed = 0, log, ...computing }: EvaluateOptions,
): Promise<Evaluation> {
  const config = await readConfig(run);
  const weights = await readModel(run, layouts(modelConfig(config)));
  const kept = await readKeptImages(run);
  if (kept === undefined) throw imagesMissing(placeOf(run, 'images.json'));
  const sets = await chooseImages(
    config,
    kept,
    { given, trained, search: trained, own: given === trained },
    seed,
  );
  log?.note(`images: ${describeImages({ description: sets.description.asked, notes: sets.asked.notes })}`);
  if (sets.skipped !== undefined) log?.note(sets.skipped);
  const engine = await createWebEngine({ ...computing, models: await readModels(run, config) });
  try {
    const settings = evaluatorConfig(config);
    const evaluator = await createEvaluator(engine, settings);
    return await measureModel(evaluator, settings, weights, sets, { run: run.name, images, seed, log });
  } finally {
    engine.dispose();
  }
}
