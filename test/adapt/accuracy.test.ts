import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Accuracy, AccuracyCount, probabilities } from '../../src/adapt/scores/accuracy.js';
import { caveat, describeScore } from '../../src/adapt/scores/score.js';
import { random } from '../../src/random.js';

/** What comes of logits [n, classes]. */
function measured(logits: Float32Array, labels: ArrayLike<number>, classes: number): Accuracy {
  const count = new AccuracyCount(classes);
  Array.from(labels).forEach((label, image) => {
    count.add(logits.subarray(image * classes, (image + 1) * classes), label);
  });
  return count.accuracy;
}

test('top-1, top-5 and confusion agree with sorting each row', () => {
  const draw = random(1);
  const [images, classes] = [400, 9];
  const logits = Float32Array.from({ length: images * classes }, () => draw.normal());
  const labels = Int32Array.from({ length: images }, () => draw.integer(classes - 1));
  const sorted = Array.from({ length: images }, (_, image) =>
    Array.from({ length: classes }, (_, c) => c).sort(
      (a, b) => logits[image * classes + b]! - logits[image * classes + a]!,
    ),
  );
  const share = (k: number): number =>
    sorted.filter((order, image) => order.slice(0, k).includes(labels[image]!)).length / images;
  const found = measured(logits, labels, classes);
  assert.equal(found.accuracy, share(1));
  assert.equal(found.top5, share(5));
  assert.ok(found.top5! > 0.45 && found.top5! < 0.65, 'random logits: five of nine');
  for (let truth = 0; truth < classes; truth++)
    for (let told = 0; told < classes; told++)
      assert.equal(
        found.confusion.find((pair) => pair.truth === truth && pair.told === told)?.count ?? 0,
        sorted.filter((order, image) => labels[image] === truth && order[0] === told).length,
      );
  assert.ok(found.confusion.every(({ count }) => count > 0));
  assert.deepEqual([found.asked, found.occurring], [400, 8]);
  assert.ok(found.interval.low < found.accuracy && found.accuracy < found.interval.high);
});

test('of an image it says what it was taken for, and with which probability', () => {
  const count = new AccuracyCount(3);
  const { told, probability } = count.add(Float32Array.of(0, Math.log(2), Math.log(5)), 0);
  assert.equal(told, 2);
  assert.ok(Math.abs(probability - 5 / 8) < 1e-6);
});

test('a model that says the same of every class is right about none', () => {
  const same = measured(new Float32Array(4 * 10), [0, 3, 5, 9], 10);
  assert.deepEqual([same.accuracy, same.top5, same.interval.low], [0, 0, 0]);
  assert.throws(() => measured(Float32Array.of(1, Number.NaN), [0], 2), /not finite/);
});

test('top-5 is no measure of five classes', () => {
  assert.equal(measured(Float32Array.of(5, 4, 3, 2, 1), [4], 5).top5, undefined);
});

test('what cannot be wrong, and what few images say, is not told as if it were certain', () => {
  const rights = (images: number, labels: (image: number) => number) => {
    const logits = new Float32Array(images * 2);
    for (let image = 0; image < images; image++) logits[2 * image + labels(image)] = 1;
    const { confusion: _, ...score } = measured(
      logits,
      Array.from({ length: images }, (_, i) => labels(i)),
      2,
    );
    return { task: 'classification', ...score } as const;
  };
  assert.equal(describeScore(rights(16, (i) => i % 2)), '100.0 % (80.6–100.0)');
  assert.match(describeScore(rights(6, (i) => i % 2)), /; too few images to tell$/);
  assert.match(describeScore(rights(400, () => 1)), /; all asked are of one class, so it says nothing/);
  assert.equal(caveat(rights(400, (i) => i % 2)), undefined);
});

test('probabilities add up to 1, also of logits that no exponential can hold', () => {
  const shares = probabilities(Float32Array.of(1000, 1001, -2000, 0, Math.log(2), Math.log(5)), 3);
  const e = Math.E;
  [1 / (1 + e), e / (1 + e), 0, 1 / 8, 2 / 8, 5 / 8].forEach((value, i) => {
    assert.ok(Math.abs(shares[i]! - value) < 1e-6);
  });
});
