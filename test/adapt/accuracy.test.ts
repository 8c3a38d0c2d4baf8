import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureAccuracy, probabilities } from '../../src/adapt/scores/accuracy.js';
import { random } from '../../src/random.js';

test('top-1, top-5 and confusion agree with sorting each row', () => {
  const draw = random(1);
  const [images, classes] = [400, 9];
  const logits = Float32Array.from({ length: images * classes }, () => draw.normal());
  const labels = Int32Array.from({ length: images }, () => draw.integer(classes));
  const sorted = Array.from({ length: images }, (_, image) =>
    Array.from({ length: classes }, (_, c) => c).sort(
      (a, b) => logits[image * classes + b]! - logits[image * classes + a]!,
    ),
  );
  const share = (k: number): number =>
    sorted.filter((order, image) => order.slice(0, k).includes(labels[image]!)).length / images;
  const found = measureAccuracy(logits, labels, classes);
  assert.equal(found.accuracy, share(1));
  assert.equal(found.top5, share(5));
  assert.ok(found.top5 > 0.45 && found.top5 < 0.65, 'random logits: five of nine');
  for (let label = 0; label < classes; label++)
    for (let taken = 0; taken < classes; taken++)
      assert.equal(
        found.confusion[label]![taken],
        sorted.filter((order, image) => labels[image] === label && order[0] === taken).length,
      );
  assert.ok(
    Math.abs(found.standardError - Math.sqrt((found.accuracy * (1 - found.accuracy)) / images)) < 1e-12,
  );
});

test('a model that says the same of every class is right about none', () => {
  const same = measureAccuracy(new Float32Array(4 * 10), Int32Array.of(0, 3, 5, 9), 10);
  assert.deepEqual([same.accuracy, same.top5], [0, 0]);
  assert.throws(() => measureAccuracy(Float32Array.of(1, Number.NaN), Int32Array.of(0), 2), /not finite/);
});

test('probabilities add up to 1, also of logits that no exponential can hold', () => {
  const shares = probabilities(Float32Array.of(1000, 1001, -2000, 0, Math.log(2), Math.log(5)), 3);
  const e = Math.E;
  [1 / (1 + e), e / (1 + e), 0, 1 / 8, 2 / 8, 5 / 8].forEach((value, i) => {
    assert.ok(Math.abs(shares[i]! - value) < 1e-6);
  });
});
