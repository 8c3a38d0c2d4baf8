import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { openImages } from '../../src/data/images.js';
import { drawScene, sceneLabel, syntheticClasses } from '../../src/data/synthetic.js';
import { UserError } from '../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-images-'));
after(() => rmSync(folder, { recursive: true }));

async function paint(path: string, colour: string): Promise<void> {
  mkdirSync(join(path, '..'), { recursive: true });
  await sharp({ create: { width: 24, height: 16, channels: 3, background: colour } })
    .png()
    .toFile(path);
}

before(async () => {
  await paint(join(folder, 'flat/a.png'), '#ff0000');
  await paint(join(folder, 'flat/b.png'), '#00ff00');
  await paint(join(folder, 'classed/train/cat/1.png'), '#ff0000');
  await paint(join(folder, 'classed/train/dog/2.png'), '#0000ff');
  await paint(join(folder, 'classed/val/dog/3.png'), '#0000ff');
  await paint(join(folder, 'bad/a.png'), '#ffffff');
  writeFileSync(join(folder, 'bad/b.png'), 'no image');
  mkdirSync(join(folder, 'empty'));
});

test('scenes depend on their index alone, and labels agree with the segmentation map', () => {
  const size = 32;
  for (let index = 0; index < 40; index++) {
    const [first, again] = [new Uint8Array(size * size * 3), new Uint8Array(size * size * 3)];
    const map = new Uint8Array(size * size);
    drawScene(index, size, first, 0, map);
    drawScene(index, size, again);
    assert.deepEqual(first, again);
    assert.ok(
      map.includes(1 + sceneLabel(index)),
      `scene ${index} shows its ${syntheticClasses[sceneLabel(index)]}`,
    );
  }
});

test('a flat folder has no labels; pixels come as planes in 0..1', async () => {
  const images = await openImages([join(folder, 'flat')], { size: 8 });
  assert.equal(images.length, 2);
  assert.equal(images.labels, undefined);
  const batch = await images.batch([1, 0]);
  assert.equal(batch.length, 2 * 3 * 64);
  assert.deepEqual([batch[0], batch[64], batch[128], batch[192], batch[256]], [0, 1, 0, 1, 0]);
  await images.close();
});

test('sub-folders are classes, in the split asked for', async () => {
  const root = join(folder, 'classed');
  const training = await openImages([root], { size: 8 });
  assert.equal(training.split, 'train');
  assert.deepEqual(training.classes, ['cat', 'dog']);
  assert.deepEqual([...(training.labels ?? [])], [0, 1]);
  const validation = await openImages([root], { size: 8, split: 'validation' });
  assert.equal(validation.length, 1);
  await assert.rejects(openImages([root], { size: 8, split: 'test' }), /no test split; there are train, val/);
  const part = training.subset(Int32Array.of(1));
  assert.deepEqual([...(part.labels ?? [])], [1]);
  assert.equal((await part.batch([0]))[128], 1);
  await training.close();
});

test('several sources are one after the other', async () => {
  const images = await openImages(['synthetic:5', join(folder, 'flat')], { size: 8 });
  assert.equal(images.length, 7);
  assert.equal(images.labels, undefined);
  assert.equal((await images.batch([5]))[0], 1);
  await images.close();
});

test('mistakes name the file', async () => {
  const fails = (source: string, message: RegExp): Promise<void> =>
    assert.rejects(
      openImages([source], { size: 8 }),
      (error: Error) => error instanceof UserError && message.test(error.message),
    );
  await fails(join(folder, 'nowhere'), /nowhere: no such file or folder/);
  await fails(join(folder, 'empty'), /empty: no images there/);
  await fails(join(folder, 'bad/b.png'), /neither a folder of images nor a Parquet file/);
  const images = await openImages([join(folder, 'bad')], { size: 8 });
  await images.batch([0]);
  await assert.rejects(
    images.batch([1]),
    (error: Error) => error instanceof UserError && /bad\/b\.png: not a readable image/.test(error.message),
  );
  await images.close();
});
