import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { bankParameters, jitterNames } from '../../src/evaluate/bank.js';
import { createEvaluator } from '../../src/evaluate/evaluator.js';
import { similarity, versionLatents, whole } from '../../src/evaluate/programs.js';
import { wilson } from '../../src/evaluate/proportion.js';
import { rankOf } from '../../src/evaluate/ranks.js';
import { toRgb } from '../../src/evaluate/retrieval.js';
import { sweepJitters } from '../../src/evaluate/sweep.js';
import { flatSpecs, initialise } from '../../src/nn/index.js';
import { random } from '../../src/random.js';
import { slice, spec, type Tensor, trace } from '../../src/tensor/index.js';
import { resizeMatrix } from '../../src/world-model/geometry.js';
import {
  layouts,
  type ModelConfig,
  type Parameters,
  packParameters,
  paperAugmentation,
  parameterSpecs,
} from '../../src/world-model/index.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

const model: ModelConfig = {
  encoder: { depth: 1, width: 16, heads: 2, image: 16, patch: 4 },
  predictor: { depth: 1, width: 16, heads: 2, conditioning: 'feature' },
};
const config = {
  model,
  normalisation: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  augmentation: paperAugmentation,
  image: { height: 16, width: 16 },
} as const;
const parts = layouts(model);
const encoder = initialise(parts.encoder, 1, 0);
const weights = { encoder, target: encoder, predictor: initialise(parts.predictor, 1, 1) };
const draw = random(21);
const pixels = 3 * 16 * 16;
const images = (count: number): Float32Array =>
  Float32Array.from({ length: count * pixels }, () => draw.next());

test('true latents of a bank of 256 rank first, by cosine and by L2', async () => {
  const [actions, bank] = [16, 256];
  const specs = {
    image: spec([1, 3, 16, 16]),
    parameters: parameterSpecs(jitterNames, 16, bank),
    weights: flatSpecs(parts.encoder),
  };
  const oracle = trace('oracle', specs, (inputs) => {
    const latents = versionLatents(
      inputs.image,
      inputs.parameters as Parameters<Tensor>,
      inputs.weights,
      bank,
      config,
    );
    return similarity(slice(latents, 0, 0, actions), latents);
  });
  const parameters = packParameters(bankParameters(paperAugmentation, bank, 1, 0), jitterNames, 16);
  const feeds = { image: images(1), parameters, weights: encoder };
  const { cosine, closeness } = await (await engine.compile(oracle)).run(feeds as never);
  for (const rows of [cosine, closeness]) {
    const values = (await rows.read()) as Float32Array;
    for (let k = 0; k < actions; k++) assert.equal(rankOf(values.subarray(k * bank, (k + 1) * bank), k), 1);
  }
});

test('features do not depend on how images fall into runs', async () => {
  const evaluator = await createEvaluator(engine, config);
  const many = images(70);
  const together = await evaluator.features(weights, many);
  assert.equal(together.length, 70 * 16);
  for (const i of [0, 63, 64, 69]) {
    const alone = await evaluator.features(weights, many.subarray(i * pixels, (i + 1) * pixels));
    alone.forEach((value, d) => {
      assert.ok(Math.abs(value - together[i * 16 + d]!) < 1e-5);
    });
  }
});

test('k-NN agrees with cosines of every pair', async () => {
  const evaluator = await createEvaluator(engine, config);
  const [bank, asked, width, k] = [90, 300, 16, 5];
  const features = (count: number): Float32Array =>
    Float32Array.from({ length: count * width }, () => draw.normal());
  const labelsOf = (vectors: Float32Array): Int32Array =>
    Int32Array.from(
      { length: vectors.length / width },
      (_, i) => Number(vectors[i * width]! > 0) + Number(vectors[i * width + 1]! > 0),
    );
  const [found, questions] = [features(bank), features(asked)];
  const [bankLabels, labels] = [labelsOf(found), labelsOf(questions)];
  const result = await evaluator.knn(found, bankLabels, questions, labels, { k });
  let right = 0;
  for (let q = 0; q < asked; q++) {
    const cosines = Array.from({ length: bank }, (_, i) => {
      let [dot, one, other] = [0, 0, 0];
      for (let d = 0; d < width; d++) {
        const [a, b] = [questions[q * width + d]!, found[i * width + d]!];
        dot += a * b;
        one += a * a;
        other += b * b;
      }
      return { i, cosine: dot / Math.sqrt(one * other) };
    }).sort((a, b) => b.cosine - a.cosine);
    const votes = [0, 0, 0];
    for (const { i, cosine } of cosines.slice(0, k)) votes[bankLabels[i]!]! += Math.exp(cosine / 0.07);
    if (votes.indexOf(Math.max(...votes)) === labels[q]) right++;
  }
  assert.equal(result.accuracy, right / asked);
  assert.ok(result.accuracy > 0.4 && result.accuracy < 1);
  assert.deepEqual(result.interval, wilson(right, asked));
  assert.deepEqual([result.k, result.bank, result.asked], [k, bank, asked]);
});

test('action R²: what a random encoder still shows of the action, and nothing of what is never drawn', async () => {
  const augmentation = { ...paperAugmentation, solarize: 0 };
  const evaluator = await createEvaluator(engine, { ...config, augmentation });
  const fits = await evaluator.actionR2(weights, images(300), { seed: 1 });
  assert.ok(fits.brightness.value > 0.3, `brightness ${fits.brightness.value}`);
  assert.deepEqual(fits.solarize, { value: 0, standardError: 0 });
});

test('a sweep shows the image itself at action 0, and what each action gives', async () => {
  const evaluator = await createEvaluator(engine, config);
  const image = images(1);
  const rows = await sweepJitters(await evaluator.retriever(weights, image), paperAugmentation);
  const { pixels: original } = toRgb(image, 16);
  assert.deepEqual(
    rows.map((row) => row.name),
    jitterNames,
  );
  for (const { cells } of rows) {
    assert.equal(cells.length, 7);
    // Hue goes through float arithmetic and back: a byte may round the other way.
    cells[3]!.wanted.pixels.forEach((value, i) => {
      assert.ok(Math.abs(value - original[i]!) <= 1);
    });
    for (const { rank, wanted, retrieved } of cells) {
      assert.ok(Number.isInteger(rank) && rank >= 1 && rank <= 263);
      if (rank === 1) assert.deepEqual(retrieved, wanted);
    }
  }
  const bright = (pixelsOf: Uint8Array): number => pixelsOf.reduce((a, b) => a + b, 0);
  const light = rows[0]!.cells.map((cell) => bright(cell.wanted.pixels));
  assert.deepEqual(
    [...light].sort((a, b) => a - b),
    light,
    'brightness rises along its sweep',
  );
});

test('images of another size and features that are not finite are errors', async () => {
  const evaluator = await createEvaluator(engine, config);
  const options = { bank: 8, actions: 2, seed: 0 };
  assert.throws(
    () => evaluator.mrr(weights, images(1).subarray(1), options),
    /767 numbers are no \[n, 3, 16, 16\]/,
  );
  assert.throws(() => evaluator.features(weights, new Float32Array(0)), /n ≥ 1/);
  const target = { ...encoder, vectors: encoder.vectors!.map(() => Number.NaN) };
  await assert.rejects(evaluator.features({ ...weights, target }, images(1)), /feature 0 of image 0 is NaN/);
  await assert.rejects(evaluator.mrr({ ...weights, target }, images(1), options), /not finite/);
});

test('programs go, the engine stays', async () => {
  const evaluator = await createEvaluator(engine, config);
  const one = images(1);
  const before = await evaluator.features(weights, one);
  await evaluator.dispose();
  assert.deepEqual(await evaluator.features(weights, one), before);
});

test('images of another size than the model takes are resized whole, several as one', async () => {
  const [height, width, count] = [20, 24, 3];
  const sized = { ...config, image: { height, width } };
  const program = trace('whole', { images: spec([count, 3, height, width]) }, (inputs) => ({
    out: whole(inputs.images, sized),
  }));
  const pixels = Float32Array.from({ length: count * 3 * height * width }, () => draw.next());
  const run = await (await engine.compile(program)).run({ images: pixels } as never);
  const out = (await run.out.read()) as Float32Array;
  const [rows, columns] = [resizeMatrix(16, height, 0, height), resizeMatrix(16, width, 0, width)];
  for (let plane = 0; plane < 3 * count; plane++)
    for (let at = 0; at < 16 * 16; at++) {
      let right = 0;
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          right +=
            rows[Math.floor(at / 16) * height + y]! *
            pixels[(plane * height + y) * width + x]! *
            columns[(at % 16) * width + x]!;
      assert.ok(Math.abs(right - out[plane * 256 + at]!) < 1e-5);
    }
});
