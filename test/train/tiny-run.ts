import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Settings of a model so small that a step takes milliseconds. */
export const tiny = {
  data: ['synthetic:300'],
  'image.stored': 16,
  'image.size': 16,
  'image.patch': 4,
  'masks.visible': 6,
  'masks.predicted': 6,
  'masks.predictedVisible': 0.5,
  'encoder.depth': 2,
  'encoder.width': 32,
  'predictor.depth': 2,
  batch: 16,
  'health.images': 4,
};

/** SHA-256 of a finished run's weights. */
export const digest = (run: string): string =>
  createHash('sha256')
    .update(readFileSync(join(run, 'model.safetensors')))
    .digest('hex');
