import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { initialise } from '../../src/nn/index.js';
import { type Config, modelConfig } from '../../src/run/config.js';
import { layouts, type ModelWeights } from '../../src/world-model/index.js';

/** Settings of a model of one block each. */
export const tiniest = {
  'image.stored': 16,
  'image.size': 16,
  'image.patch': 4,
  'masks.visible': 6,
  'masks.predicted': 6,
  'encoder.depth': 1,
  'encoder.width': 32,
  'predictor.depth': 1,
};

/** Settings of a model so small that a step takes milliseconds. */
export const tiny = {
  ...tiniest,
  data: ['synthetic:300'],
  'masks.predictedVisible': 0.5,
  'encoder.depth': 2,
  'predictor.depth': 2,
  batch: 16,
  'health.images': 4,
};

/** Weights that no step has changed; the target encoder's are others than the encoder's. */
export function untrained(config: Config): ModelWeights {
  const parts = layouts(modelConfig(config));
  return {
    encoder: initialise(parts.encoder, 1, 0),
    target: initialise(parts.encoder, 2, 0),
    predictor: initialise(parts.predictor, 1, 1),
  };
}

/** SHA-256 of a finished run's weights. */
export const digest = (run: string): string =>
  createHash('sha256')
    .update(readFileSync(join(run, 'model.safetensors')))
    .digest('hex');
