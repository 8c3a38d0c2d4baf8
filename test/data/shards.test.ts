import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { openSource } from '../../src/data/open-source.js';
import type { Split } from '../../src/data/splits.js';
import { UserError } from '../../src/errors.js';
import { drawParquet } from './draw-parquet.js';
import { tarOf } from './tar.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-shards-'));
after(() => rmSync(folder, { recursive: true }));
let made = 0;

/** Makes files: shards of as many images as said, others of the text said. Gives the folder. */
function lay(files: Readonly<Record<string, number | string>>): string {
  const root = join(folder, `${made++}`, 'set');
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    const numbers = Array.from({ length: Number(content) }, (_, i) => i);
    if (typeof content === 'string') writeFileSync(path, content);
    else if (name.endsWith('.parquet'))
      drawParquet(path, { image: { type: 'image', values: numbers.map((i) => Uint8Array.of(i)) } });
    else writeFileSync(path, tarOf(Object.fromEntries(numbers.map((i) => [`${i}.png`, 'x']))));
  }
  return root;
}

const look = async (source: string, wanted?: Split) => {
  const { length, split, notes = [] } = await openSource(source, wanted);
  return { length, split, notes: notes.filter((note) => !note.includes('label')) };
};
const fails = (source: string, message: RegExp, wanted?: Split): Promise<void> =>
  assert.rejects(openSource(source, wanted), (error: Error) => {
    assert.match(error.message, message);
    return error instanceof UserError;
  });

for (const ending of ['parquet', 'tar']) {
  test(`splits of ${ending} shards are folders or stand anywhere in a name`, async () => {
    for (const [train, other, split] of [
      ['data/train/0000', 'data/test/0000', 'test'],
      ['train/a/0000', 'validation/a/0000', 'validation'],
      ['my-set_Training_0', 'my-set_Testing_0', 'test'],
      ['2012_train.part-0', '2012_val.part-0', 'validation'],
      ['images_train/0', 'images_dev/0', 'validation'],
      ['deep/down/TRAIN-0', 'deep/down/eval-0', 'validation'],
    ] as const) {
      const root = lay({ [`${train}.${ending}`]: 5, [`${other}.${ending}`]: 2 });
      assert.deepEqual(await look(root), { length: 5, split: 'train', notes: [] }, train);
      assert.deepEqual(await look(root, split), { length: 2, split, notes: [] }, other);
      assert.equal((await look(root, 'all')).length, 7);
    }
  });

  test(`a ${ending} shard is in the split that the folder is called in which it is given`, async () => {
    const root = lay({ [`train/0.${ending}`]: 5, [`val/0.${ending}`]: 2 });
    for (const [place, split] of [
      ['train', 'train'],
      [`val/0.${ending}`, 'validation'],
    ] as const)
      assert.equal((await look(join(root, place))).split, split);
    await fails(join(root, 'train'), /no validation split; there are train/, 'validation');
  });

  test(`every ${ending} shard is used, however deep, and what is not is named`, async () => {
    const root = lay({
      [`a/0.${ending}`]: 2,
      [`b/c/1.${ending}`]: 3,
      [`2.${ending}`]: 1,
      'preview.png': 'x',
      'old.zip': 'x',
      'b/c/more.tar.xz': 'x',
      'README.md': 'x',
    });
    assert.deepEqual(await look(root), {
      length: 6,
      split: 'all',
      notes: [
        '2 archives not read: b/c/more.tar.xz, old.zip',
        '1 image not read: preview.png',
        'folders read together: ., a, b/c',
      ],
    });
  });

  test(`${ending} shards in no split are trained on where nothing else is, else named`, async () => {
    const some = lay({ [`train-0.${ending}`]: 4, [`extra.${ending}`]: 2, [`val-0.${ending}`]: 1 });
    const unused = [`1 file in no split, so not used: extra.${ending}`];
    assert.deepEqual(await look(some), { length: 4, split: 'train', notes: unused });
    assert.deepEqual(await look(some, 'validation'), { length: 1, split: 'validation', notes: unused });
    const rest = lay({ [`flowers.${ending}`]: 4, [`flowers-test.${ending}`]: 1 });
    assert.deepEqual(await look(rest), {
      length: 4,
      split: 'train',
      notes: [`1 file in no split, so taken for training: flowers.${ending}`],
    });
    assert.deepEqual(await look(rest, 'test'), { length: 1, split: 'test', notes: [] });
  });

  test(`dataset.json tells the splits of ${ending} shards, and all that it lists must be there`, async () => {
    const splits = (listed: unknown) => JSON.stringify({ splits: listed });
    const shards = { [`part-0.${ending}`]: 3, [`part-1.${ending}`]: 2, [`more/0.${ending}`]: 1 };
    const root = lay({
      ...shards,
      'dataset.json': splits({ train: [`part-0.${ending}`], val: ['part-1'], test: ['more'] }),
    });
    for (const [split, length] of [
      ['train', 3],
      ['validation', 2],
      ['test', 1],
    ] as const)
      assert.deepEqual(await look(root, split), { length, split, notes: [] });
    // Of one file that is given, it tells the same.
    assert.equal((await look(join(root, `part-1.${ending}`))).split, 'validation');
    const left = lay({ ...shards, 'dataset.json': splits({ train: ['part-0'], val: ['part-1'] }) });
    assert.deepEqual((await look(left)).notes.at(-1), `1 file in no split, so not used: more/0.${ending}`);
    const slip = lay({ ...shards, 'dataset.json': splits({ train: ['part-0'], val: ['part-9'] }) });
    await fails(slip, /dataset\.json: val lists part-9, but there is no such/);
    const inside = lay({ [`data/part-0.${ending}`]: 3, 'data/dataset.json': splits({ test: ['part-0'] }) });
    assert.equal((await look(inside)).split, 'test');
    const two = lay({ ...shards, 'dataset.json': '{}', 'more/dataset.json': '{}' });
    await fails(two, /more.dataset\.json: a second dataset\.json, after .*; keep one/);
    const called = lay({ ...shards, 'DATASET.json': splits({ test: ['part-0'] }) });
    await fails(called, /DATASET\.json: only dataset\.json in .* is read; move what it says there/);
  });
}

test('what means nothing beside shards is refused', async () => {
  await fails(
    lay({ 'a.parquet': 1, 'dataset.json': '{"ignored": 3}' }),
    /ignored means nothing beside Parquet files; remove it/,
  );
  await fails(
    lay({ 'a.tar': 1, 'dataset.json': '{"columns": {"label": "x"}}' }),
    /columns means nothing beside tar files/,
  );
  await fails(
    lay({ 'a.png': 'x', 'dataset.json': '{"columns": {"label": "x"}}' }),
    /columns means nothing beside images/,
  );
  await fails(`${lay({ 'a.tar': 1 })}#label=x`, /columns are of Parquet files, and there are none/);
});

test('Parquet before tar before images, and what is left out is named', async () => {
  const both = lay({
    'a.parquet': 2,
    'b.tar': 3,
    'c/1.png': 'x',
    'c/2.png': 'x',
    'c/3.png': 'x',
    'c/4.png': 'x',
  });
  assert.deepEqual(await look(both), {
    length: 2,
    split: 'all',
    notes: ['1 tar file not read: b.tar', '4 images not read: c/1.png, c/2.png, c/3.png, …'],
  });
  // A stray among the images of a class is none of the data set's.
  const stray = lay({ 'cats/1.png': 'x', 'cats/2.png': 'x', 'dogs/3.png': 'x', 'cats/old.tar': 5 });
  assert.deepEqual(await look(stray), {
    length: 3,
    split: 'all',
    notes: ['1 other file not read: cats/old.tar'],
  });
  // Nor is the table that may lie above folders of images.
  assert.deepEqual(await look(lay({ 'metadata.parquet': 1, 'cats/1.png': 'x', 'dogs/2.png': 'x' })), {
    length: 2,
    split: 'all',
    notes: ['1 other file not read: metadata.parquet'],
  });
});

test('a pattern may list folders', async () => {
  const root = lay({ 'a/0.tar': 1, 'b/0.tar': 2, 'c/0.tar': 4 });
  assert.equal((await look(join(root, '{a,c}'))).length, 5);
  assert.deepEqual((await look(join(root, '{a,b}/*.tar'))).notes, ['folders read together: a, b']);
});
