import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseLabelled } from '../../src/adapt/tasks/choose-labelled.js';
import { random } from '../../src/random.js';

const draw = random(8);
/** Class 0 has about half of the images, class 3 a few. */
const labels = Int32Array.from({ length: 1000 }, () => [0, 0, 0, 1, 1, 2][draw.integer(6)]!);
labels.set([3, 3, 3], 500);
const countsOf = (chosen: Int32Array): number[] =>
  [0, 1, 2, 3].map((label) => chosen.filter((image) => labels[image] === label).length);

test('a fraction takes the same share of every class, and at least one image', () => {
  const all = countsOf(Int32Array.from(labels.keys()));
  for (const fraction of [0.01, 0.1, 0.5]) {
    const chosen = chooseLabelled(labels, { fraction }, 0);
    assert.deepEqual(
      countsOf(chosen),
      all.map((count) => Math.max(1, Math.round(count * fraction))),
    );
    assert.equal(new Set(chosen).size, chosen.length);
    assert.deepEqual(
      [...chosen],
      [...chosen].sort((a, b) => a - b),
    );
  }
});

test('a limit is met to within rounding; without either, and beyond what there is, all are taken', () => {
  assert.ok(Math.abs(chooseLabelled(labels, { limit: 100 }, 0).length - 100) <= 4);
  for (const wanted of [{}, { limit: 5000 }, { fraction: 1 }])
    assert.equal(chooseLabelled(labels, wanted, 0).length, 1000);
});

test('the seed chooses; more labels hold all of fewer', () => {
  const few = chooseLabelled(labels, { fraction: 0.1 }, 1);
  assert.deepEqual(chooseLabelled(labels, { fraction: 0.1 }, 1), few);
  assert.notDeepEqual(chooseLabelled(labels, { fraction: 0.1 }, 2), few);
  const more = new Set(chooseLabelled(labels, { fraction: 0.4 }, 1));
  assert.ok(few.every((image) => more.has(image)));
});
