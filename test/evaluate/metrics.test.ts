import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { ridgeR2 } from '../../src/evaluate/action-r2.js';
import { vote } from '../../src/evaluate/knn.js';
import { chance, meanAndError, rankOf } from '../../src/evaluate/ranks.js';
import { featureDeviation, jackknifeError, rankMe } from '../../src/evaluate/spectrum.js';
import { verdict } from '../../src/evaluate/verdict.js';
import { random } from '../../src/random.js';

test('rank counts closer and equally close others', () => {
  assert.equal(rankOf([0.1, 0.9, 0.5], 1), 1);
  assert.equal(rankOf([0.1, 0.9, 0.5], 0), 3);
  assert.equal(rankOf([0.5, 0.5, 0.5, 0.5], 2), 4, 'a model that says the same of all ranks last');
  assert.throws(() => rankOf([Number.NaN, 1], 1), /not finite/);
  assert.throws(() => rankOf([1, Number.POSITIVE_INFINITY], 0), /not finite/);
});

test('ranks of every short bank agree with sorting it, the right one after its equals', () => {
  for (let code = 0; code < 3 ** 5; code++) {
    const similarities = Array.from({ length: 5 }, (_, i) => Math.floor(code / 3 ** i) % 3);
    for (let right = 0; right < 5; right++) {
      const order = [0, 1, 2, 3, 4].sort(
        (a, b) => similarities[b]! - similarities[a]! || Number(a === right) - Number(b === right),
      );
      assert.equal(rankOf(similarities, right), 1 + order.indexOf(right));
    }
  }
});

test('chance is the mean reciprocal rank of random ranks', () => {
  const draw = random(1);
  let sum = 0;
  for (let i = 0; i < 200_000; i++) sum += 1 / (1 + draw.integer(256));
  assert.ok(Math.abs(sum / 200_000 - chance(256)) < 5e-4);
});

test('standard error against its definition', () => {
  const { mean, standardError } = meanAndError([1, 2, 3, 6]);
  assert.equal(mean, 3);
  assert.ok(Math.abs(standardError! - Math.sqrt(14 / 3 / 4)) < 1e-12);
  assert.deepEqual(
    meanAndError([0.25]),
    { mean: 0.25, standardError: undefined },
    'one value has none, not 0',
  );
});

test('k-NN vote agrees with sorting everything', () => {
  const draw = random(2);
  for (let trial = 0; trial < 50; trial++) {
    const count = 5 + draw.integer(60);
    const similarities = Float32Array.from(
      { length: count },
      () => Math.round(draw.between(-1, 1) * 20) / 20,
    );
    const labels = Int32Array.from({ length: count }, () => draw.integer(4));
    const sorted = Array.from(similarities, (s, i) => ({ s, i }))
      .sort((a, b) => b.s - a.s || a.i - b.i)
      .slice(0, 7);
    const votes = [0, 0, 0, 0];
    for (const { s, i } of sorted) votes[labels[i]!]! += Math.exp(s / 0.07);
    assert.equal(votes[vote(similarities, labels, 7)], Math.max(...votes));
  }
});

test('RankMe: orthogonal features use every direction, equal ones a single one', () => {
  const width = 6;
  const identity = new Float32Array(36);
  for (let i = 0; i < 6; i++) identity[7 * i] = 3;
  assert.ok(Math.abs(rankMe(identity, width) - 6) < 1e-3);
  assert.ok(Math.abs(rankMe(new Float32Array(60).fill(2), width) - 1) < 1e-3);
});

test('RankMe agrees with the singular values of the features', () => {
  const draw = random(12);
  const [count, width] = [40, 7];
  const features = Float32Array.from({ length: count * width }, (_, i) => draw.normal() * 2 ** -(i % width));
  const rows = Array.from({ length: count }, (_, row) => [
    ...features.subarray(row * width, (row + 1) * width),
  ]);
  const singular = new SingularValueDecomposition(new Matrix(rows)).diagonal;
  const total = singular.reduce((a, b) => a + b, 0);
  const entropy = singular.reduce((sum, value) => sum - (value / total) * Math.log(value / total), 0);
  assert.ok(Math.abs(rankMe(features, width) - Math.exp(entropy)) < 1e-4);
  assert.equal(rankMe(new Float32Array(60), 6), 1, 'nothing but zeros is a collapse, not an error');
});

test('the jackknife error of a mean is its standard error', () => {
  const mean = (values: Float32Array): number => values.reduce((a, b) => a + b, 0) / values.length;
  const values = Float32Array.of(1, 2, 3, 6, 8, 8, 9, 11);
  const { standardError } = meanAndError([...values]);
  assert.ok(Math.abs(jackknifeError(values, 1, mean) - standardError!) < 1e-6);
});

test('feature deviation is near 1 for features in all directions and 0 for equal ones', () => {
  const draw = random(3);
  const normal = Float32Array.from({ length: 2000 * 16 }, () => draw.normal());
  assert.ok(Math.abs(featureDeviation(normal, 16) - 1) < 0.02);
  assert.equal(featureDeviation(new Float32Array(64).fill(0.5), 16), 0);
});

test('ridge R²: 1 for a linear relation, about 0 for none', () => {
  const draw = random(4);
  const x = Array.from({ length: 600 }, () => Float32Array.from({ length: 5 }, () => draw.normal()));
  const y = x.map((row) => Float32Array.of(2 * row[0]! - row[3]! + 1, draw.normal()));
  const [linear, none] = ridgeR2(x, y).map((fit) => fit.value) as [number, number];
  assert.ok(linear > 0.999, `${linear}`);
  assert.ok(Math.abs(none) < 0.1, `${none}`);
});

/** Solves a · x = b by Gauss-Jordan elimination with pivoting. */
function solve(a: number[][], b: number[]): number[] {
  const rows = a.map((row, i) => [...row, b[i]!]);
  rows.forEach((_, i) => {
    const pivot = rows
      .slice(i)
      .reduce((best, row, j) => (Math.abs(row[i]!) > Math.abs(rows[best]![i]!) ? i + j : best), i);
    [rows[i], rows[pivot]] = [rows[pivot]!, rows[i]!];
    rows.forEach((row, j) => {
      const factor = row[i]! / rows[i]![i]!;
      if (i !== j) rows[j] = row.map((value, k) => value - factor * rows[i]![k]!);
    });
  });
  return rows.map((row, i) => row.at(-1)! / row[i]!);
}

test('ridge R² agrees with elimination on the normal equations', () => {
  const draw = random(13);
  const [count, width, half] = [50, 4, 25];
  const x = Array.from({ length: count }, () =>
    Float32Array.from({ length: width }, (_, i) => i + (i + 1) * draw.normal()),
  );
  const y = x.map((row) => Float32Array.of(row[0]! - 0.3 * row[2]! + draw.normal()));
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const fitting = x.slice(0, half);
  const columns = Array.from({ length: width }, (_, i) => fitting.map((row) => row[i]!));
  const scaled = x.map((row) =>
    Array.from(row, (value, i) => {
      const centre = mean(columns[i]!);
      const squares = columns[i]!.reduce((sum, other) => sum + (other - centre) ** 2, 0);
      return (value - centre) / Math.sqrt(squares / (half - 1));
    }),
  );
  const offset = mean(y.slice(0, half).map((row) => row[0]!));
  const normal = columns.map((_, i) =>
    columns.map(
      (_, j) =>
        scaled.slice(0, half).reduce((sum, row) => sum + row[i]! * row[j]!, 0) + (i === j ? 1e-3 * half : 0),
    ),
  );
  const right = columns.map((_, i) =>
    scaled.slice(0, half).reduce((sum, row, n) => sum + row[i]! * (y[n]![0]! - offset), 0),
  );
  const weights = solve(normal, right);
  const truth = y.slice(half).map((row) => row[0]!);
  const errors = scaled
    .slice(half)
    .map((row, n) => (offset + row.reduce((sum, value, i) => sum + value * weights[i]!, 0) - truth[n]!) ** 2);
  const spread = truth.map((value) => (value - mean(truth)) ** 2);
  const [fit] = ridgeR2(x, y);
  assert.ok(Math.abs(fit!.value - (1 - mean(errors) / mean(spread))) < 1e-9);
});

test('the standard error of an R² is how it scatters over fresh samples', () => {
  const draw = random(14);
  const fits = Array.from({ length: 200 }, () => {
    const x = Array.from({ length: 400 }, () => Float32Array.of(draw.normal()));
    return ridgeR2(
      x,
      x.map((row) => Float32Array.of(row[0]! + draw.normal())),
    )[0]!;
  });
  const scatter = meanAndError(fits.map((fit) => fit.value)).standardError! * Math.sqrt(fits.length);
  const claimed = meanAndError(fits.map((fit) => fit.standardError)).mean;
  assert.ok(claimed > 0.8 * scatter && claimed < 1.25 * scatter, `${claimed}, scatter ${scatter}`);
});

test('what never varies has R² 0, and two rows suffice', () => {
  const x = [1, 2, 3, 4, 5, 7].map((value) => Float32Array.of(value));
  assert.deepEqual(
    ridgeR2(
      x,
      x.map(() => Float32Array.of(0)),
    ),
    [{ value: 0, standardError: 0 }],
  );
  assert.ok(ridgeR2(x.slice(0, 2), x.slice(0, 2)).every((fit) => Number.isFinite(fit.value)));
});

test('the verdict names a collapse', () => {
  const before = { rankMe: 20, featureDeviation: 0.7, knn: 0.2 };
  const now = { images: 100, rankMe: 15, featureDeviation: 0.6 };
  assert.equal(verdict({ ...now, knn: 0.4 }, before), 'no sign of collapse');
  assert.match(verdict({ ...now, featureDeviation: 0.01, knn: 0.4 }, before), /collapsed.*same features/);
  assert.match(verdict({ ...now, rankMe: 1.5 }), /collapsed.*few directions/);
  assert.match(verdict({ ...now, knn: 0.1 }, before), /below the untrained/);
});

test('of a few images nothing is said, however alike their features are', () => {
  for (const images of [1, 7])
    assert.equal(
      verdict({ images, rankMe: 1, featureDeviation: 0 }),
      `too few images to tell (${images}; 8 are needed)`,
    );
  assert.match(verdict({ images: 8, rankMe: 1, featureDeviation: 0 }), /collapsed/);
});
