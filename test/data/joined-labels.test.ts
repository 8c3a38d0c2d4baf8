import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinLabels } from '../../src/data/joined-labels.js';

const source = (
  classes: string[] | undefined,
  labels: number[] | undefined,
  length = labels?.length ?? 0,
) => ({
  length,
  classes,
  labels: labels && Int32Array.from(labels),
});
const join = (...sources: ReturnType<typeof source>[]) => {
  const { classes, labels, notes } = joinLabels(sources);
  return { classes, labels: labels && [...labels], notes };
};

test('classes of several sources are the same by name, and one may lack some', () => {
  assert.deepEqual(join(source(['a', 'b'], [0, 1]), source(['b', 'c', 'a'], [0, 1, 2, -1])), {
    classes: ['b', 'c', 'a'],
    labels: [2, 0, 0, 1, 2, -1],
    notes: [],
  });
  assert.deepEqual(join(source(['a', 'b'], [0, 1]), source(['b', 'c'], [0, 1])).classes, ['a', 'b', 'c']);
  assert.deepEqual(join(source(['0', '1'], [1, 0]), source(['0', '1', '2'], [2])).labels, [1, 0, 2]);
  assert.deepEqual(join(source(['cat', 'dog'], [1]), source(['0', '1'], [0, 1])), {
    classes: ['cat', 'dog'],
    labels: [1, 0, 1],
    notes: [],
  });
});

test('a source without labels leaves the others theirs', () => {
  assert.deepEqual(join(source(undefined, undefined, 2), source(['a', 'b'], [1, 0])).labels, [-1, -1, 1, 0]);
  assert.deepEqual(join(source(['a', 'b'], undefined, 1), source(['a', 'b'], [1])).labels, [-1, 1]);
  assert.deepEqual(join(source(undefined, undefined, 2)), {
    classes: undefined,
    labels: undefined,
    notes: [],
  });
});

test('classes that have nothing in common are not joined, and a sentence says so', () => {
  const { classes, labels, notes } = join(source(['a', 'b'], [0]), source(['x', 'y'], [1]));
  assert.deepEqual([classes, labels], [undefined, undefined]);
  assert.deepEqual(notes, ['the sources have different classes, so no labels are used: a, …; x, …']);
});
