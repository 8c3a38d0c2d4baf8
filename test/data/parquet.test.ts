import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openImages } from '../../src/data/images.js';
import { UserError } from '../../src/errors.js';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/${name}.parquet`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'iwm-parquet-'));
after(() => rmSync(folder, { recursive: true }));
copyFileSync(fixture('snappy'), join(folder, 'train-00000-of-00002.parquet'));
copyFileSync(fixture('gzip'), join(folder, 'train-00001-of-00002.parquet'));
copyFileSync(fixture('gzip'), join(folder, 'validation-00000-of-00001.parquet'));

/** The channel that is lit in each image of a batch of plain red, green and blue ones. */
function channels(batch: Float32Array, size: number): number[] {
  const plane = size * size;
  return Array.from({ length: batch.length / (3 * plane) }, (_, i) =>
    [0, 1, 2].findIndex((channel) => batch[(3 * i + channel) * plane] === 1),
  );
}

for (const compression of ['snappy', 'gzip', 'zstd', 'brotli', 'lz4'])
  test(`images, labels and class names of a ${compression} file`, async () => {
    const images = await openImages([fixture(compression)], { size: 4 });
    assert.deepEqual(images.classes, ['red', 'green', 'blue']);
    assert.deepEqual([...(images.labels ?? [])], [0, 1, 2, 2, 1, 0]);
    assert.deepEqual(channels(await images.batch([0, 1, 2, 3, 4, 5]), 4), [0, 1, 2, 2, 1, 0]);
    await images.close();
  });

test('shards of a folder follow each other, in the split that their names tell', async () => {
  const training = await openImages([folder], { size: 4 });
  assert.equal(training.split, 'train');
  assert.equal(training.length, 12);
  assert.deepEqual(channels(await training.batch([5, 6, 7]), 4), [0, 0, 1]);
  const validation = await openImages([folder], { size: 4, split: 'validation' });
  assert.equal(validation.length, 6);
  await assert.rejects(
    openImages([folder], { size: 4, split: 'test' }),
    /no test split; there are train, validation/,
  );
  await training.close();
});

test('a data folder inside a repository folder is read', async () => {
  const repository = join(folder, 'repository');
  mkdirSync(join(repository, 'data'), { recursive: true });
  copyFileSync(fixture('gzip'), join(repository, 'data', 'test-00000-of-00001.parquet'));
  const images = await openImages([repository], { size: 4 });
  assert.equal(images.split, 'test');
  assert.equal(images.length, 6);
});

test('a plain column of bytes: whole numbers of another meaning are no labels, a bad row is named', async () => {
  const images = await openImages([fixture('plain')], { size: 4 });
  assert.equal(images.labels, undefined);
  assert.equal(images.classes, undefined);
  images.prefetch([5, 4, 3, 2, 1, 0]);
  assert.deepEqual(channels(await images.batch([4, 0, 3]), 4), [1, 0, 2]);
  await assert.rejects(
    images.batch([0, 5]),
    (error: Error) =>
      error instanceof UserError && /plain\.parquet, row 5: not a readable image/.test(error.message),
  );
  await images.close();
});

test('labels of −1 are none', async () => {
  const images = await openImages([fixture('unlabelled')], { size: 4 });
  assert.equal(images.length, 2);
  assert.equal(images.labels, undefined);
});

test('files of one folder that differ in their columns are refused', async () => {
  const mixed = join(folder, 'mixed');
  mkdirSync(mixed);
  copyFileSync(fixture('plain'), join(mixed, 'a.parquet'));
  copyFileSync(fixture('gzip'), join(mixed, 'b.parquet'));
  await assert.rejects(openImages([mixed], { size: 4 }), /b\.parquet: its columns or classes differ from/);
});

test('a file that is no Parquet is named', async () => {
  const path = join(folder, '..', `${folder.split('/').at(-1)}.parquet`);
  writeFileSync(path, 'nothing of the kind');
  await assert.rejects(
    openImages([path], { size: 4 }),
    (error: Error) => error instanceof UserError && /not a readable Parquet file/.test(error.message),
  );
  rmSync(path);
});

test('a damaged footer, with a column that has lost its name or is missing, is no readable Parquet file', async () => {
  const good = readFileSync(fixture('plain'));
  const path = join(folder, '..', `${folder.split('/').at(-1)}-footer.parquet`);
  const name = good.indexOf(Buffer.from('\u0005image'), good.length - 8 - good.readUInt32LE(good.length - 8));
  // The number of the field that the name is, then of the root's columns.
  const root = good.lastIndexOf(Buffer.from('\u0006schema'), name);
  for (const [at, value, said] of [
    [name - 1, 0x28, /a column has no name/],
    [root + 8, 40, /not a readable Parquet file/],
  ] as const) {
    const damaged = Buffer.from(good);
    damaged[at] = value;
    writeFileSync(path, damaged);
    await assert.rejects(
      openImages([path], { size: 4 }),
      (error: Error) =>
        error instanceof UserError && said.test(error.message) && error.message.includes(path),
    );
  }
  rmSync(path);
});
