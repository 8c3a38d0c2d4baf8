import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numbersAmong, UNKNOWN } from '../../src/data/class-numbers.js';
import { commonClasses } from '../../src/evaluate/common-classes.js';

const set = (classes: string[] | undefined, labels: number[] | undefined) => ({
  classes,
  labels: labels && Int32Array.from(labels),
});
const asked = (...[bank, images]: Parameters<typeof commonClasses>) => {
  const { labels, notes } = commonClasses(bank, images);
  return { asked: labels && [...labels.asked], bank: labels && [...labels.bank], notes };
};

test('classes are the same by name, whatever their numbers', () => {
  assert.deepEqual(asked(set(['b', 'c', 'a'], [0, 1, 2, 2]), set(['a', 'b'], [0, 1, 1])), {
    asked: [2, 0, 0],
    bank: [0, 1, 2, 2],
    notes: [],
  });
});

test('a missing last class drops nothing, on either side', () => {
  const [three, two] = [set(['0', '1', '2'], [0, 1, 2]), set(['0', '1'], [0, 1])];
  assert.deepEqual(asked(three, two), { asked: [0, 1], bank: [0, 1, 2], notes: [] });
  assert.deepEqual(asked(two, three), {
    asked: [0, 1, UNKNOWN],
    bank: [0, 1],
    notes: ['k-NN: 1 image of classes that its bank lacks (2), not asked'],
  });
});

test('by number where one side has no names', () => {
  assert.deepEqual(asked(set(['cat', 'dog'], [0, 1]), set(['0', '1'], [1, 0])).asked, [1, 0]);
  assert.deepEqual(asked(set(['0', '1'], [0, 1]), set(['cat', 'dog'], [1, 0])).asked, [1, 0]);
});

test('images without a label are not asked and not searched, and how many is said', () => {
  assert.deepEqual(asked(set(['a', 'b'], [0, -1, 1, -1]), set(['a', 'b'], [-1, 1])), {
    asked: [-1, 1],
    bank: [0, -1, 1, -1],
    notes: [
      'k-NN: 1 image without a label, not asked',
      'k-NN: 2 images of its bank without a label, not searched',
    ],
  });
});

test('what would tell nothing is not asked, and the sentence says why', () => {
  const both = set(['a', 'b'], [0, 1]);
  for (const [bank, images, why] of [
    [both, set(undefined, undefined), 'the images have no labels'],
    [both, set(['a', 'b'], [-1, -1]), 'the images have no labels'],
    [set(undefined, undefined), both, 'its bank has no labels'],
    [set(['a', 'b'], [1, 1, -1]), both, 'its bank has only one class, b, the answer to whatever is asked'],
    [both, set(['x', 'y', 'z'], [0, 2]), "no class of the images (x, z) is one of its bank's (a, b)"],
  ] as const)
    assert.deepEqual(commonClasses(bank, images), { notes: [`k-NN tells nothing: ${why}`] });
});

test('60,000 classes are matched and named in no time and few words', () => {
  const count = 60_000;
  const names = Array.from({ length: count }, (_, i) => `class ${i}`);
  const labels = Array.from({ length: count }, (_, i) => i);
  const began = performance.now();
  const { labels: found } = commonClasses(set(names, labels), set([...names].reverse(), labels));
  assert.deepEqual([found?.asked[0], found?.asked[count - 1]], [count - 1, 0]);
  const strange = commonClasses(
    set(names, labels),
    set(
      names.map((name) => `other ${name}`),
      labels,
    ),
  );
  assert.ok(performance.now() - began < 5000);
  assert.ok(strange.notes[0]!.length < 300, strange.notes[0]);
  assert.match(strange.notes[0]!, /other class 0, .*\(60000\).*class 0, .*\(60000\)/);
});

test('an unknown class has a number that no class has', () => {
  assert.deepEqual(numbersAmong(['a'], ['b', 'a']), [UNKNOWN, 0]);
  assert.deepEqual(numbersAmong(['a'], ['0', '1']), [0, UNKNOWN]);
});
