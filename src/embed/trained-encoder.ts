import { isAdapted, loadModel as loadAdapted } from '../adapt/model/model-folder.js';
import { isEncoder } from '../encoders/encoder-files.js';
import { openEncoder } from '../encoders/open-encoder.js';
import type { EvaluatorConfig } from '../evaluate/programs.js';
import type { Flat } from '../nn/index.js';
import { adopt, evaluatorConfig, modelConfig } from '../run/config.js';
import { readModels } from '../run/disk/encoder-file.js';
import { loadModel } from '../run/disk/model-file.js';
import { readConfig } from '../run/disk/run-folder.js';
import type { Models } from '../run/encoder-file.js';
import { layouts } from '../world-model/index.js';

/** A trained encoder: what it is, how images come to it, its weights. */
export interface TrainedEncoder {
  readonly config: Pick<EvaluatorConfig, 'model' | 'normalisation' | 'image'>;
  /** Share of the images that may be unreadable. */
  readonly badSamples: number;
  readonly weights: Flat<Float32Array>;
  /** What its programs call. */
  readonly models: Models;
  /** What was left out or changed as it was read, a line each. */
  readonly notes: readonly string[];
}

/**
 * The encoder of a model: a run's target encoder, as its evaluation takes it, an adapted model's own, or one of others.
 * @param model folder of a finished run or an adapted model, or an encoder as {@link openEncoder} takes it
 * @throws UserError where it is none of these
 */
export async function openTrainedEncoder(model: string): Promise<TrainedEncoder> {
  if (isEncoder(model)) return ofOthers(model);
  return isAdapted(model) ? ofAdapted(model) : ofRun(model);
}

function ofRun(run: string): TrainedEncoder {
  const config = readConfig(run);
  const weights = loadModel(run, layouts(modelConfig(config))).target;
  const models = readModels(run, config);
  return { config: evaluatorConfig(config), badSamples: config.badSamples, weights, models, notes: [] };
}

function ofAdapted(folder: string): TrainedEncoder {
  const { config, network, weights } = loadAdapted(folder);
  const { badSamples } = config.pretraining;
  const models = readModels(folder, config.pretraining);
  return { config: network, badSamples, weights: weights.encoder ?? {}, models, notes: [] };
}

/** As a run on it would have it, but that images come at its own size. */
async function ofOthers(source: string): Promise<TrainedEncoder> {
  const { settled, weights, models, notes } = await openEncoder(source);
  const config = adopt('small', settled, { 'image.stored': settled.image.size });
  return {
    config: evaluatorConfig(config),
    badSamples: config.badSamples,
    weights: weights(layouts(modelConfig(config)).encoder),
    models,
    notes,
  };
}
