import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { openImages } from '../../src/data/images.js';
import { readColumn, readMetadata } from '../../src/data/parquet-file.js';
import { resolve, viewsConfig } from '../../src/run/config.js';
import { Batches } from '../../src/train/batches.js';
import { tarOf } from '../data/tar.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-agree-'));
after(() => rmSync(folder, { recursive: true }));
const parquet = fileURLToPath(new URL('../fixtures/snappy.parquet', import.meta.url));

test('the same images flat, by class, in Parquet and in tar give the same training batches', async () => {
  const labels = [0, 1, 2, 2, 1, 0];
  const rows: { bytes: Uint8Array }[] = [];
  await readColumn(parquet, await readMetadata(parquet), 'img', (value) => {
    rows.push(value as { bytes: Uint8Array });
  });
  const members: Record<string, Uint8Array | string> = {};
  rows.forEach(({ bytes }, i) => {
    for (const place of ['flat', `classes/${labels[i]}`, `nested/deep/${i % 2}`]) {
      mkdirSync(join(folder, place), { recursive: true });
      writeFileSync(join(folder, place, `${i}.png`), bytes);
    }
    members[`${i}.png`] = bytes;
    members[`${i}.cls`] = String(labels[i]);
  });
  writeFileSync(join(folder, 'a.tar'), tarOf(members));
  writeFileSync(join(folder, 'a.tar.gz'), gzipSync(tarOf(members)));

  const { seed, ...config } = resolve('demo', { 'image.stored': 8, 'image.size': 8, 'image.patch': 2 });
  const views = viewsConfig({ seed, ...config });
  const batchesOf = async (source: string) => {
    const images = await openImages([source], { size: 8 });
    const batches = new Batches(images, views, seed, 4);
    // Three epochs.
    const all = await Promise.all(Array.from({ length: 5 }, (_, number) => batches.get(number)));
    await images.close();
    return { all, labels: images.labels && [...images.labels] };
  };
  const expected = await batchesOf(parquet);
  assert.deepEqual(expected.labels, labels);
  for (const place of ['flat', 'classes', 'nested', 'a.tar', 'a.tar.gz']) {
    const found = await batchesOf(join(folder, place));
    assert.deepEqual(found.all, expected.all, place);
    if (!['flat', 'nested'].includes(place)) assert.deepEqual(found.labels, labels, place);
  }
});
