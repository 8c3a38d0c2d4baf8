import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageSet } from '../../src/data/image-set.js';
import type { Evaluator } from '../../src/evaluate/evaluator.js';
import { type HealthCheck, measureHealth } from '../../src/train/health.js';
import type { ModelWeights } from '../../src/world-model/index.js';

const labels = Int32Array.from({ length: 96 }, (_, i) => i % 2);
const set = {
  length: 96,
  labels,
  classes: ['one', 'other'],
  batch: async (indices: ArrayLike<number>) => Float32Array.from(indices),
} as unknown as ImageSet;

/** Images whose features are asked for in three measurements, of two sets of 96. */
async function encoded(kept: HealthCheck['kept']): Promise<number> {
  let images = 0;
  const evaluator = {
    mrr: async () => ({ value: 0.5, l2: 0.5 }),
    features: async (_: unknown, batch: Float32Array) => {
      images += batch.length;
      return batch;
    },
    knn: async (bank: Float32Array, _: unknown, asked: Float32Array) => {
      assert.equal(bank.length, 96);
      assert.deepEqual(bank, asked);
      return { accuracy: 0.5 };
    },
    rankMe: () => 8,
    featureDeviation: () => 0.9,
  } as unknown as Evaluator;
  const check = { evaluator, heldOut: set, bank: { ...set }, ranked: 4, seed: 0, kept };
  for (const step of [0, 10, 20]) await measureHealth(check, {} as ModelWeights, step);
  return images;
}

test('features of an encoder that is not trained are computed once, of another at every measurement', async () => {
  assert.equal(await encoded(undefined), 3 * 2 * 96);
  assert.equal(await encoded(new Map()), 2 * 96);
});
