import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { createEvaluator } from '../../src/evaluate/evaluator.js';
import { similarity } from '../../src/evaluate/programs.js';
import { chance, rankOf } from '../../src/evaluate/ranks.js';
import { mapGroups } from '../../src/nn/index.js';
import { random } from '../../src/random.js';
import { modelConfig, resolve, viewsConfig } from '../../src/run/config.js';
import { spec, type Tensor, trace } from '../../src/tensor/index.js';
import { stepConfig } from '../../src/train/step.js';
import { initialState, weightsOf } from '../../src/train/trainer.js';
import type { ModelWeights } from '../../src/world-model/index.js';
import { tiniest } from '../train/tiny-run.js';

const engine = createEngine();
after(() => engine.dispose());

async function setUp(conditioning: string) {
  const config = resolve('demo', { ...tiniest, 'predictor.conditioning': conditioning });
  const evaluator = await createEvaluator(engine, {
    model: modelConfig(config),
    normalisation: config.normalisation,
    augmentation: config.augmentation,
    image: viewsConfig(config).image,
  });
  const weights: ModelWeights = weightsOf(initialState(stepConfig(config), 3));
  return { evaluator, weights };
}

const draw = random(7);
const images = Float32Array.from({ length: 48 * 3 * 256 }, () => draw.next());
const options = { bank: 256, actions: 16, seed: 5 };

test('an untrained and an unconditioned model score chance', async () => {
  for (const conditioning of ['feature', 'none']) {
    const { evaluator, weights } = await setUp(conditioning);
    const { value, l2 } = await evaluator.mrr(weights, images, options);
    assert.ok(Math.abs(value - chance(256)) < 0.01, `${conditioning}: ${value}`);
    assert.ok(Math.abs(l2 - chance(256)) < 0.01, `${conditioning}, L2: ${l2}`);
  }
});

test('a model that predicts the same whatever it is asked scores chance', async () => {
  const { evaluator, weights } = await setUp('feature');
  const predictor = {
    matrices: new Float32Array(weights.predictor.matrices!.length),
    vectors: weights.predictor.vectors!.map((_, i) => Math.sin(i)),
  };
  const { value, l2 } = await evaluator.mrr({ ...weights, predictor }, images, options);
  assert.ok(Math.abs(value - chance(256)) < 0.01, `${value}`);
  assert.ok(Math.abs(l2 - chance(256)) < 0.01, `L2 ${l2}`);
});

test('an encoder that says the same of every image ranks the right one last', async () => {
  const { evaluator, weights } = await setUp('feature');
  const zeros = mapGroups(weights.target, (numbers) => new Float32Array(numbers.length));
  const { value } = await evaluator.mrr(
    { ...weights, target: zeros, encoder: zeros },
    images.subarray(0, 4 * 768),
    options,
  );
  assert.ok(Math.abs(value - 1 / 256) < 1e-9, `all 256 are equal, so the rank is 256: ${value}`);
});

test('weights that are not finite are an error', async () => {
  const { evaluator, weights } = await setUp('feature');
  const broken = { ...weights.predictor, vectors: weights.predictor.vectors!.map(() => Number.NaN) };
  await assert.rejects(
    evaluator.mrr({ ...weights, predictor: broken }, images.subarray(0, 768), options),
    /not finite/,
  );
});

test('similarities agree with a slow obvious version, and true latents rank first', async () => {
  const [K, M, N, D] = [3, 9, 4, 5] as const;
  const bank = Float32Array.from({ length: M * N * D }, () => draw.normal());
  const predictions = Float32Array.from(
    { length: K * N * D },
    (_, i) => bank[i]! + (i < N * D ? 0 : 0.3 * draw.normal()),
  );
  const program = trace('s', { p: spec([K, N, D]), b: spec([M, N, D]) }, ({ p, b }) =>
    similarity(p as Tensor, b as Tensor),
  );
  const result = await (await engine.compile(program)).run({ p: predictions, b: bank });
  const cosine = (await result.cosine.read()) as Float32Array;
  const closeness = (await result.closeness.read()) as Float32Array;
  for (let k = 0; k < K; k++)
    for (let m = 0; m < M; m++) {
      let mean = 0;
      let squares = 0;
      for (let n = 0; n < N; n++) {
        let [dot, pp, bb] = [0, 0, 0];
        for (let d = 0; d < D; d++) {
          const p = predictions[(k * N + n) * D + d]!;
          const b = bank[(m * N + n) * D + d]!;
          dot += p * b;
          pp += p * p;
          bb += b * b;
          squares += (p - b) ** 2;
        }
        mean += dot / Math.sqrt(pp * bb) / N;
      }
      assert.ok(Math.abs(cosine[k * M + m]! - mean) < 1e-5);
      assert.ok(Math.abs(closeness[k * M + m]! + squares) < 1e-3);
    }
  assert.equal(rankOf(cosine.subarray(0, M), 0), 1);
  assert.equal(rankOf(closeness.subarray(0, M), 0), 1);
});
