import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ridgeR2 } from '../../src/evaluate/action-r2.js';
import { vote } from '../../src/evaluate/knn.js';
import { chance, meanAndError, rankOf } from '../../src/evaluate/ranks.js';
import { featureDeviation, rankMe } from '../../src/evaluate/spectrum.js';
import { verdict } from '../../src/evaluate/verdict.js';
import { random } from '../../src/random.js';

test('rank counts closer and equally close others', () => {
  assert.equal(rankOf([0.1, 0.9, 0.5], 1), 1);
  assert.equal(rankOf([0.1, 0.9, 0.5], 0), 3);
  assert.equal(rankOf([0.5, 0.5, 0.5, 0.5], 2), 4, 'a model that says the same of all ranks last');
  assert.throws(() => rankOf([Number.NaN, 1], 1), /not finite/);
  assert.throws(() => rankOf([1, Number.POSITIVE_INFINITY], 0), /not finite/);
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
  assert.ok(Math.abs(standardError - Math.sqrt(14 / 3 / 4)) < 1e-12);
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

test('the verdict names a collapse', () => {
  const before = { rankMe: 20, featureDeviation: 0.7, knn: 0.2 };
  assert.equal(verdict({ rankMe: 15, featureDeviation: 0.6, knn: 0.4 }, before), 'no sign of collapse');
  assert.match(verdict({ rankMe: 15, featureDeviation: 0.01, knn: 0.4 }, before), /collapsed.*same features/);
  assert.match(verdict({ rankMe: 1.5, featureDeviation: 0.6 }), /collapsed.*few directions/);
  assert.match(verdict({ rankMe: 15, featureDeviation: 0.6, knn: 0.1 }, before), /below the untrained/);
});
