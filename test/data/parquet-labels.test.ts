import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openSource } from '../../src/data/open-source.js';
import { UserError } from '../../src/errors.js';
import { classLabel, type DrawnColumn, drawParquet } from './draw-parquet.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-labels-'));
after(() => rmSync(folder, { recursive: true }));
let drawn = 0;
/** As many images as labels, which are never decoded. */
const images = (count: number): DrawnColumn => ({
  type: 'image',
  values: Array.from({ length: count }, (_, i) => Uint8Array.of(i)),
});
const withLabels = (label: DrawnColumn, name = 'label', path = `${drawn++}.parquet`): string =>
  drawParquet(join(folder, path), { image: images(label.values.length), [name]: label });
const told = async (path: string, split?: 'train' | 'validation' | 'test') => {
  const { classes, labels, description, notes } = await openSource(path, split);
  return { classes, labels: labels && [...labels], description, notes };
};
const fails = (path: string, message: RegExp): Promise<void> =>
  assert.rejects(openSource(path, undefined), (error: Error) => {
    assert.match(error.message, message);
    return error instanceof UserError && !error.message.includes('\n');
  });

test('labels are whole numbers, texts, truth values or floats', async () => {
  for (const [label, classes, labels] of [
    [{ type: 'INT64', values: [2, 0, 1, 2] }, ['0', '1', '2'], [2, 0, 1, 2]],
    [{ type: 'STRING', values: ['dog', 'cat', 'dog', 'cat'] }, ['cat', 'dog'], [1, 0, 1, 0]],
    [{ type: 'STRING', values: ['10', '9', '10', '2.0'] }, ['2', '9', '10'], [2, 1, 2, 0]],
    [{ type: 'BOOLEAN', values: [true, false, false, true] }, ['false', 'true'], [1, 0, 0, 1]],
    [{ type: 'DOUBLE', values: [1, 0, 2, 1] }, ['0', '1', '2'], [1, 0, 2, 1]],
    [
      { type: 'BYTE_ARRAY', values: ['b', 'a', 'b', 'a'].map((text) => Buffer.from(text)) },
      ['a', 'b'],
      [1, 0, 1, 0],
    ],
    // As in a part of a data set that lacks a class: its number is its place all the same.
    [{ type: 'INT64', values: [1, 3, 1, 3] }, ['0', '1', '2', '3'], [1, 3, 1, 3]],
  ] satisfies [DrawnColumn, string[], number[]][]) {
    const found = await told(withLabels(label));
    assert.deepEqual([found.classes, found.labels], [classes, labels], JSON.stringify(label.type));
    assert.deepEqual(found.notes, []);
  }
});

test('texts in a dictionary, an empty one among them, as pyarrow wrote them', async () => {
  const path = fileURLToPath(new URL('../fixtures/pages-2.parquet', import.meta.url));
  const { classes, labels, notes } = await told(path);
  assert.deepEqual(classes, ['cat', 'dog']);
  assert.deepEqual(
    labels,
    Array.from({ length: 40 }, (_, i) => [0, 1, -1][i % 3]),
  );
  assert.deepEqual(notes, ['no label for 13 of 40 images']);
});

test('−1, null, NaN and an empty text are no label, and the others stay', async () => {
  for (const [label, classes] of [
    [{ type: 'INT64', values: [1, -1, 0, null] }, ['0', '1']],
    [classLabel([1, -1, 0, null], ['red', 'green', 'blue']), ['red', 'green', 'blue']],
    [{ type: 'STRING', values: ['1', '', '0', '-1'] }, ['0', '1']],
    [{ type: 'STRING', values: ['b', ' ', 'a', null] }, ['a', 'b']],
    [{ type: 'DOUBLE', values: [1, Number.NaN, 0, -1] }, ['0', '1']],
    [{ type: 'BOOLEAN', values: [true, null, false, null] }, ['false', 'true']],
  ] satisfies [DrawnColumn, string[]][]) {
    const found = await told(withLabels(label));
    assert.deepEqual([found.classes, found.labels], [classes, [1, -1, 0, -1]]);
    assert.deepEqual(found.notes, ['no label for 2 of 4 images']);
  }
});

test('identifiers are as many classes as differ, whatever the numbers', async () => {
  const ids = await told(withLabels({ type: 'INT64', values: [60_000, 10_001, 60_000, 2 ** 40] }));
  assert.deepEqual(ids.classes, ['10001', '60000', '1099511627776']);
  assert.deepEqual(ids.labels, [1, 0, 1, 2]);
  const many = Array.from({ length: 40 }, (_, i) => i * 1000);
  assert.deepEqual((await told(withLabels({ type: 'INT64', values: many }))).notes, [
    '40 classes for 40 images: are they classes?',
  ]);
});

test('why there are no labels is said', async () => {
  for (const [path, why] of [
    [withLabels({ type: 'INT64', values: [-1, -1] }), 'its column label is empty or −1 throughout'],
    [
      withLabels({ type: 'INT64', values: [3, 4] }, 'id'),
      'no column is called label or the like; its columns are image (groups), id',
    ],
    [
      withLabels({ type: 'numbers', values: [[0, 1], [2]] }, 'labels'),
      'its column labels holds lists, not one class an image',
    ],
    [
      withLabels({ type: 'DOUBLE', values: [1, 0.25] }, 'label', 'half.parquet'),
      `a label is 0.25, no whole number, in ${join(folder, 'half.parquet')}, row 1`,
    ],
    [
      withLabels({ type: 'STRING', values: ['a', 'x'.repeat(300)] }, 'label', 'long.parquet'),
      `a label is a text of 300 characters in ${join(folder, 'long.parquet')}, row 1`,
    ],
    [
      withLabels({ type: 'INT64', values: Array.from({ length: 70_000 }, (_, i) => i) }),
      'a label is more than 65,536 different ones',
    ],
  ] as const) {
    const { classes, labels, description } = await told(path);
    assert.deepEqual([classes, labels], [undefined, undefined]);
    assert.ok(description.includes(`images, no labels (${why}), split all`), description);
  }
  const { notes } = await told(withLabels({ type: 'numbers', values: [[0], [1]] }, 'labels'));
  assert.deepEqual(notes, []);
});

test('a split without labels has none, and the classes are those of the others', async () => {
  const place = 'hidden';
  const names = ['red', 'green', 'blue'];
  withLabels(classLabel([0, 1, 2], names), 'label', `${place}/train-00000-of-00001.parquet`);
  withLabels(classLabel([-1, -1], names), 'label', `${place}/test-00000-of-00001.parquet`);
  const path = join(folder, place);
  assert.deepEqual((await told(path)).labels, [0, 1, 2]);
  const hidden = await told(path, 'test');
  assert.deepEqual([hidden.classes, hidden.labels], [names, undefined]);
  assert.match(
    hidden.description,
    /2 images, no labels \(its column label is empty or −1 throughout\), split test/,
  );
  // The same without the column, and without declared names.
  drawParquet(join(folder, 'dropped/test.parquet'), { image: images(2) });
  withLabels({ type: 'STRING', values: ['b', 'a'] }, 'label', 'dropped/train.parquet');
  const dropped = await told(join(folder, 'dropped'), 'test');
  assert.deepEqual([dropped.classes, dropped.labels], [['a', 'b'], undefined]);
});

test('a class that a split lacks has its number there too', async () => {
  withLabels({ type: 'INT64', values: [0, 1, 2, 3] }, 'label', 'lacking/train-0.parquet');
  withLabels({ type: 'INT64', values: [3, 1] }, 'label', 'lacking/validation-0.parquet');
  for (const [split, labels] of [
    ['train', [0, 1, 2, 3]],
    ['validation', [3, 1]],
  ] as const) {
    const found = await told(join(folder, 'lacking'), split);
    assert.deepEqual([found.classes, found.labels], [['0', '1', '2', '3'], labels]);
  }
});

test('dataset.json names classes, for names as for numbers, and refuses what is none of them', async () => {
  const json = (place: string, label: DrawnColumn): string => {
    const path = withLabels(label, 'label', `${place}/a.parquet`);
    writeFileSync(join(folder, place, 'dataset.json'), '{"classes": ["green", "red", "blue"]}');
    return path;
  };
  const labels = async (path: string) => (await told(path)).labels;
  assert.deepEqual(await labels(json('numbers', { type: 'INT64', values: [0, 2] })), [0, 2]);
  assert.deepEqual(await labels(json('texts', { type: 'STRING', values: ['0', '02'] })), [0, 2]);
  assert.deepEqual(await labels(json('names', { type: 'STRING', values: ['red', 'green'] })), [1, 0]);
  // Declared in another order: the name counts.
  assert.deepEqual(await labels(json('declared', classLabel([0, 1], ['red', 'green']))), [1, 0]);
  await fails(
    json('beyond', { type: 'INT64', values: [0, 3] }),
    /a\.parquet, row 1: class 3 is none of the 3 in dataset\.json/,
  );
  await fails(
    json('other', { type: 'STRING', values: ['red', 'pink'] }),
    /a\.parquet, row 0: class red|row 1: class pink/,
  );
  await fails(withLabels(classLabel([0, 7], ['red', 'green'])), /row 1: class 7, but 2 classes are declared/);
});
