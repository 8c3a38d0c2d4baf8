import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import sharp from 'sharp';
import type { ImageSet } from '../../src/data/image-set.js';
import { openImages } from '../../src/data/images.js';
import { UserError } from '../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-cache-'));
const images = join(folder, 'images');
/** So large that eight of them are worth a file. */
const SIZE = 1200;
const COUNT = 8;
/** Of every image, seconds. */
const DATE = 1e9;
const kept = [process.env.XDG_CACHE_HOME, process.env.IWM_CACHE_GIB];
let cache = '';

before(async () => {
  mkdirSync(images);
  for (let i = 0; i < COUNT; i++) await paint(i);
});
beforeEach(() => {
  process.env.XDG_CACHE_HOME = mkdtempSync(join(folder, 'home-'));
  cache = join(process.env.XDG_CACHE_HOME, 'iwm');
  delete process.env.IWM_CACHE_GIB;
});
after(() => {
  rmSync(folder, { recursive: true });
  ['XDG_CACHE_HOME', 'IWM_CACHE_GIB'].forEach((name, i) => {
    if (kept[i] === undefined) delete process.env[name];
    else process.env[name] = kept[i];
  });
});

/** Image `i`, whose red says which it is. */
async function paint(i: number, red = 10 * i): Promise<void> {
  await sharp({ create: { width: 12, height: 12, channels: 3, background: { r: red, g: 0, b: 0 } } })
    .tiff({ compression: 'none' })
    .toFile(join(images, `${i}.tif`));
  utimesSync(join(images, `${i}.tif`), DATE, DATE);
}

const open = (): Promise<ImageSet> => openImages([images], { size: SIZE });
/** Red of the first pixel of an image, 0 … 255, checked to be that of all its pixels. */
async function red(set: ImageSet, i: number): Promise<number> {
  const plane = (await set.batch([i])).subarray(0, SIZE * SIZE);
  assert.ok(plane.every((value) => value === plane[0]));
  return Math.round(255 * plane[0]!);
}
const files = (): string[] => readdirSync(cache).map((name) => join(cache, name));

/** Overwrites the beginning of image `i` in a file of the cache. */
function edit(file: string, i: number, bytes: Uint8Array): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, bytes, 0, bytes.length, i * (3 * SIZE * SIZE + 8));
  closeSync(descriptor);
}

/** Opens, reads all, closes. */
async function readAll(): Promise<number[]> {
  const set = await open();
  const reds = [];
  for (let i = 0; i < COUNT; i++) reds.push(await red(set, i));
  await set.close();
  return reds;
}
const right = Array.from({ length: COUNT }, (_, i) => 10 * i);

test('a second run decodes nothing; a torn image is decoded again', async () => {
  assert.deepEqual(await readAll(), right);
  const [file] = files();
  assert.equal(statSync(file!).size, COUNT * (3 * SIZE * SIZE + 8));
  // The cache answers, not the files: image 2 is written there in another colour, with its checksum.
  const blue = Buffer.alloc(3 * SIZE * SIZE, Buffer.from([77, 0, 200]));
  const sum = createHash('sha1').update(blue).digest().subarray(0, 8);
  edit(file!, 2, Buffer.concat([blue, sum]));
  assert.deepEqual(await readAll(), right.with(2, 77));
  // Damage to a pixel of image 3, and of image 4.
  for (const i of [3, 4]) edit(file!, i, Buffer.from([99]));
  const set = await open();
  assert.equal(await red(set, 4), 40);
  // Kept in the file, it is the digest of pixels in memory.
  process.env.IWM_CACHE_GIB = '0';
  const inMemory = await open();
  assert.deepEqual(await set.digests([4, 5]), await inMemory.digests([4, 5]));
  await inMemory.close();
  assert.equal(await red(set, 3), 30);
  await set.close();
});

test('a file that is written anew with the size and the date that it had is read anew', async () => {
  assert.deepEqual(await readAll(), right);
  const path = join(images, '6.tif');
  const { size } = statSync(path);
  // In its place, as `cp -p` does, and beside it and renamed, as `rsync -t` does.
  await paint(6, 130);
  assert.deepEqual([statSync(path).size, statSync(path).mtimeMs], [size, 1000 * DATE]);
  assert.deepEqual(await readAll(), right.with(6, 130));
  copyFileSync(join(images, '1.tif'), join(images, 'new'));
  utimesSync(join(images, 'new'), DATE, DATE);
  renameSync(join(images, 'new'), path);
  assert.deepEqual([statSync(path).size, statSync(path).mtimeMs], [size, 1000 * DATE]);
  assert.deepEqual(await readAll(), right.with(6, 10));
  await paint(6);
});

test('a changed file, another size or choice is another entry; a cut off one is made whole', async () => {
  await readAll();
  truncateSync(files()[0]!, 3 * SIZE * SIZE + 17);
  assert.deepEqual(await readAll(), right);
  assert.equal(files().length, 1);
  utimesSync(join(images, '5.tif'), DATE, DATE + 1);
  assert.deepEqual(await readAll(), right);
  assert.equal(files().length, 2);
  await (await openImages([images], { size: SIZE + 8 })).close();
  await (await openImages([images, images], { size: SIZE, limit: 9 })).close();
  assert.equal(files().length, 4);
});

test('what was least recently used makes room, and whoever reads it keeps it', async () => {
  const bytes = COUNT * (3 * SIZE * SIZE + 8);
  process.env.IWM_CACHE_GIB = String((1.5 * bytes) / 2 ** 30);
  const first = await open();
  assert.equal(await red(first, 1), 10);
  await (await openImages([images], { size: SIZE + 1 })).close();
  assert.equal(files().length, 1);
  assert.equal(await red(first, 1), 10);
  assert.equal(await red(first, 2), 20);
  await first.close();
  // Larger than the limit: kept in memory.
  process.env.IWM_CACHE_GIB = '0.01';
  const before = files();
  assert.deepEqual(await readAll(), right);
  assert.deepEqual(files(), before);
  process.env.IWM_CACHE_GIB = 'much';
  await assert.rejects(
    open(),
    (error: Error) => error instanceof UserError && /IWM_CACHE_GIB is much/.test(error.message),
  );
});

test('a folder that cannot be written to is done without', async () => {
  chmodSync(join(cache, '..'), 0o500);
  writeFileSync(join(folder, 'file'), '');
  process.env.XDG_CACHE_HOME = join(folder, 'file');
  assert.deepEqual(await readAll(), right);
});

test('processes share an entry', async () => {
  const module = new URL('../../src/data/images.ts', import.meta.url).href;
  const script = `
    import { openImages } from ${JSON.stringify(module)};
    const images = await openImages([${JSON.stringify(images)}], { size: ${SIZE} });
    for (let i = ${COUNT} - 1; i >= 0; i--) console.log(Math.round(255 * (await images.batch([i]))[0]));`;
  const set = await open();
  assert.equal(await red(set, 0), 0);
  const loader = import.meta.resolve('tsx');
  const result = spawnSync(process.execPath, ['--import', loader, '--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  assert.deepEqual(result.stdout.trim().split('\n').map(Number), [...right].reverse(), result.stderr);
  assert.equal(await red(set, 7), 70);
  await set.close();
  assert.equal(files().length, 1);
});
