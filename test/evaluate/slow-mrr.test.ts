import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { bankParameters } from '../../src/evaluate/bank.js';
import { createEvaluator } from '../../src/evaluate/evaluator.js';
import { type Flat, initialise, type Layout, view } from '../../src/nn/index.js';
import { purpose, random } from '../../src/random.js';
import { conditionings, layouts, type ModelConfig, paperAugmentation } from '../../src/world-model/index.js';
import { type Named, type Planes, slowReciprocalRanks } from './slow-mrr.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

const stored = 11;
const normalisation = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] } as const;
// Fewer asked than in the bank: over a whole bank a model that ignores the action scores chance, however wrong.
const [count, bank, actions, seed] = [3, 10, 4, 1];
const draw = random(11);
const images = Float32Array.from({ length: count * 3 * stored * stored }, () => draw.next());
const planesOf = (image: number): Planes =>
  [0, 1, 2].map((channel) =>
    Array.from({ length: stored }, (_, y) => {
      const start = ((image * 3 + channel) * stored + y) * stored;
      return Array.from(images.subarray(start, start + stored));
    }),
  );

/** Weights with nothing left at 0 or 1, so that every one of them matters. */
function weightsOf(layout: Layout<unknown>, stream: number): { flat: Flat<Float32Array>; named: Named } {
  const flat = initialise(layout, 8, stream);
  const noise = random(9, stream);
  for (const numbers of Object.values(flat))
    for (const [i, value] of numbers.entries()) numbers[i] = value + 0.3 * noise.normal();
  return { flat, named: new Map(layout.entries.map((entry) => [entry.name, view(flat, entry)])) };
}

for (const conditioning of conditionings)
  test(`MRR agrees with a slow, obvious implementation, conditioning ${conditioning}`, async () => {
    // Of the last block, as published, and of the second and the last of three.
    const targetBlocks = conditioning === 'adaln' ? [2, 3] : [3];
    const model: ModelConfig = {
      encoder: { depth: 3, width: 8, heads: 2, image: 8, patch: 4, targetBlocks: targetBlocks.length },
      predictor: { depth: 2, width: 12, heads: 3, conditioning },
    };
    const parts = layouts(model);
    const [encoder, target, predictor] = [
      weightsOf(parts.encoder, 0),
      weightsOf(parts.encoder, 1),
      weightsOf(parts.predictor, 2),
    ];
    const evaluator = await createEvaluator(engine, {
      model,
      normalisation,
      augmentation: paperAugmentation,
      image: { height: stored, width: stored },
    });
    const weights = { encoder: encoder.flat, target: target.flat, predictor: predictor.flat };
    for (const vary of [undefined, 'hue'] as const) {
      const options = { bank, actions, seed, ...(vary === undefined ? {} : { vary }) };
      const fast = await evaluator.mrr(weights, images, options);
      const slow = Array.from({ length: count }, (_, image) =>
        slowReciprocalRanks(
          {
            ...normalisation,
            image: 8,
            patch: 4,
            heads: { encoder: 2, predictor: 3 },
            depth: { encoder: 3, predictor: 2 },
            conditioning,
            targetBlocks,
            encoder: encoder.named,
            target: target.named,
            predictor: predictor.named,
          },
          planesOf(image),
          bankParameters(paperAugmentation, bank, seed, image, vary),
          random(seed, image, purpose.evaluate).permutation(bank).subarray(0, actions),
        ),
      );
      const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
      const margin = Math.min(...slow.map((one) => one.margin));
      assert.ok(margin > 1e-5, `this seed has a rank that rounding decides (${margin}); take another`);
      const perImage = slow.map((one) => mean(one.cosine));
      assert.ok(Math.abs(fast.value - mean(perImage)) < 1e-12, `${fast.value}, not ${mean(perImage)}`);
      const l2 = mean(slow.map((one) => mean(one.l2)));
      assert.ok(Math.abs(fast.l2 - l2) < 1e-12, `L2: ${fast.l2}, not ${l2}`);
      const spread = mean(perImage.map((value) => (value - mean(perImage)) ** 2));
      assert.ok(Math.abs(fast.standardError! - Math.sqrt(spread / (count - 1))) < 1e-12);
    }
    await evaluator.dispose();
  });
