import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { Compiled } from '../../src/engine/index.js';
import { knnAccuracy } from '../../src/evaluate/knn.js';
import { fitWhitening, WHITENING_RIDGE } from '../../src/evaluate/whiten.js';
import { random } from '../../src/random.js';

const engine = createEngine({ threads: 1 });
const compiled = new Compiled(engine);
after(() => engine.dispose());
const draw = random(5);
const WIDTH = 6;

/** Rows that depend on each other: every number is the one before it and some noise of its own. */
const rows = (count: number): Float32Array => {
  const out = new Float32Array(count * WIDTH);
  for (let i = 0; i < out.length; i++)
    out[i] = (i % WIDTH === 0 ? 3 : 0.8 * out[i - 1]!) + draw.normal() / (1 + (i % WIDTH));
  return out;
};

/** Mean and covariance, one number after the other. */
function moments(features: Float32Array): { mean: number[]; covariance: number[][] } {
  const count = features.length / WIDTH;
  const column = (d: number) => Array.from({ length: count }, (_, i) => features[i * WIDTH + d]!);
  const average = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const columns = Array.from({ length: WIDTH }, (_, d) => column(d));
  const mean = columns.map(average);
  const covariance = columns.map((a, i) =>
    columns.map((b, j) => average(a.map((value, n) => (value - mean[i]!) * (b[n]! - mean[j]!)))),
  );
  return { mean, covariance };
}

test('what it is fitted to has mean 0 and no covariance afterwards, and nearly variance 1', async () => {
  // More rows than go into one product.
  const features = rows(5000);
  const whiten = await fitWhitening(compiled, features, WIDTH);
  const { mean, covariance } = moments(await whiten(features));
  for (const value of mean) assert.ok(Math.abs(value) < 1e-4, `mean ${value}`);
  const before = moments(features).covariance;
  const ridge = (WHITENING_RIDGE * before.reduce((sum, row, i) => sum + row[i]!, 0)) / WIDTH;
  for (const [i, row] of covariance.entries())
    for (const [j, value] of row.entries())
      if (i !== j) assert.ok(Math.abs(value) < 1e-3, `covariance of ${i} and ${j}: ${value}`);
  // λ / (λ + ε) of every direction's variance λ: their product is that of the determinants.
  const product = (values: number[]) => values.reduce((a, b) => a * b, 1);
  const expected =
    determinant(before) / determinant(before.map((row, i) => row.map((v, j) => v + (i === j ? ridge : 0))));
  assert.ok(Math.abs(product(covariance.map((row, i) => row[i]!)) / expected - 1) < 1e-3);
});

/** By elimination. */
function determinant(matrix: number[][]): number {
  const left = matrix.map((row) => [...row]);
  let out = 1;
  for (let i = 0; i < left.length; i++) {
    out *= left[i]![i]!;
    for (let j = i + 1; j < left.length; j++) {
      const factor = left[j]![i]! / left[i]![i]!;
      for (let k = i; k < left.length; k++) left[j]![k]! -= factor * left[i]![k]!;
    }
  }
  return out;
}

test('neighbours see a class in a direction of little variance', async () => {
  const labelled = (count: number) => {
    const labels = Int32Array.from({ length: count }, (_, i) => i % 2);
    const features = Float32Array.from({ length: count * WIDTH }, (_, i) =>
      i % WIDTH === 0 ? 0.1 * (2 * labels[Math.floor(i / WIDTH)]! - 1) + 0.02 * draw.normal() : draw.normal(),
    );
    return { features, labels };
  };
  const [bank, asked] = [labelled(400), labelled(200)];
  const whiten = await fitWhitening(compiled, bank.features, WIDTH);
  const whitened = async (of: typeof bank) => ({ ...of, features: await whiten(of.features) });
  const plain = await knnAccuracy(compiled, WIDTH, bank, asked, 20);
  const seen = await knnAccuracy(compiled, WIDTH, await whitened(bank), await whitened(asked), 20);
  assert.ok(plain.accuracy < 0.7 && seen.accuracy > 0.9, `${plain.accuracy}, whitened ${seen.accuracy}`);
});

test('features that are all alike stay finite', async () => {
  const features = new Float32Array(40 * WIDTH).fill(2);
  const whiten = await fitWhitening(compiled, features, WIDTH);
  assert.ok((await whiten(features)).every((value) => value === 0));
});
