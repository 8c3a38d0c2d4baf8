import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { openImages } from '../../src/data/images.js';
import { openSegmentation } from '../../src/data/segmentation.js';
import { drawScene, syntheticClasses } from '../../src/data/synthetic.js';
import { UserError } from '../../src/errors.js';
import { crc32 } from './crc32.js';
import { tarOf } from './tar.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-masks-'));
after(() => rmSync(folder, { recursive: true }));
const WIDTH = 12;
const HEIGHT = 8;

/** A PNG by the format's description alone: rows of packed values, unfiltered. */
function png(rows: readonly (readonly number[])[], depth: number, colour: number): Buffer {
  const width = rows[0]!.length;
  const packed = rows.map((row) => {
    const bits = row.map((value) => value.toString(2).padStart(depth, '0')).join('');
    const bytes = bits.match(/.{1,8}/g)!.map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2));
    return Buffer.from([0, ...bytes]);
  });
  const chunk = (kind: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0, width, 0, 0, 0, rows.length, depth, colour, 0, 0, 0]);
  const palette = Buffer.from(Array.from({ length: 2 ** depth * 3 }, (_, i) => (i * 71) % 256));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    ...(colour === 3 ? [chunk('PLTE', palette)] : []),
    chunk('IDAT', deflateSync(Buffer.concat(packed))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A mask whose left half is class `left`, the rest class `right`. */
const halves = (left: number, right: number): number[][] =>
  Array.from({ length: HEIGHT }, () =>
    Array.from({ length: WIDTH }, (_, x) => (x < WIDTH / 2 ? left : right)),
  );
const grey = (rows: number[][]): Buffer => png(rows, 8, 0);
const image = (colour: string, width = WIDTH, height = HEIGHT): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: colour } })
    .png()
    .toBuffer();
const [red, blue] = [await image('#ff0000'), await image('#0000ff')];

function write(root: string, files: Readonly<Record<string, Uint8Array | string>>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, root, name, '..'), { recursive: true });
    writeFileSync(join(folder, root, name), content);
  }
  return join(folder, root);
}

const facts = JSON.stringify({ classes: ['sky', 'road', 'car'], ignored: 7 });
const fails = async (root: string, message: RegExp): Promise<void> => {
  await assert.rejects(
    async () => (await openSegmentation(root, { size: 4 })).sample(0),
    (error: Error) => error instanceof UserError && message.test(error.message),
  );
};

test('a sample is the whole image at the working resolution and the mask at its own', async () => {
  const root = write('streets', {
    'dataset.json': facts,
    'images/train/a.png': red,
    'images/train/b.png': blue,
    'images/val/c.png': blue,
    'annotations/train/a.png': grey(halves(0, 2)),
    'annotations/train/b.png': grey(halves(1, 7)),
    'annotations/val/c.png': grey(halves(2, 2)),
  });
  const set = await openSegmentation(root, { size: 4 });
  assert.deepEqual(
    [set.split, set.length, set.classes, set.ignored],
    ['train', 2, ['sky', 'road', 'car'], 7],
  );
  const { image, mask, name } = await set.sample(1);
  assert.equal(name, join(root, 'images/train/b.png'));
  assert.deepEqual([image.width, image.height], [6, 4]);
  assert.deepEqual([...image.data.subarray(0, 6)], [0, 0, 255, 0, 0, 255]);
  assert.deepEqual([mask.width, mask.height], [WIDTH, HEIGHT]);
  assert.deepEqual([...mask.data], halves(1, 7).flat());
  assert.equal((await openSegmentation(root, { size: 4, split: 'validation' })).length, 1);
  await assert.rejects(set.sample(2), RangeError);
  await set.close();
  // Training and measuring on such a folder sees its images alone.
  const images = await openImages([root], { size: 4, split: 'all' });
  assert.equal(images.length, 3);
  assert.equal(images.labels, undefined);
});

test('both in each split, or splits in dataset.json', async () => {
  const nested = write('nested', {
    'train/images/city/a.jpg': await sharp(red).jpeg().toBuffer(),
    'train/annotations/city/a.png': grey(halves(0, 1)),
    'val/images/b.png': red,
    'val/annotations/b.png': grey(halves(0, 1)),
  });
  assert.equal((await openSegmentation(nested, { size: 4, split: 'validation' })).length, 1);
  assert.equal((await openImages([nested], { size: 4, split: 'all' })).length, 2);
  const listed = write('listed', {
    'dataset.json': JSON.stringify({ classes: ['x', 'y'], splits: { train: ['a', 'c.png'], val: ['b'] } }),
    'images/a.png': red,
    'images/b.png': blue,
    'images/c.png': blue,
    'annotations/a.png': grey(halves(0, 0)),
    'annotations/b.png': grey(halves(1, 1)),
    'annotations/c.png': grey(halves(0, 1)),
  });
  assert.equal((await openSegmentation(listed, { size: 4 })).length, 2);
  const validation = await openSegmentation(listed, { size: 4, split: 'validation' });
  assert.equal((await validation.sample(0)).mask.data[0], 1);
});

test('masks of 1 to 8 bits, grey or in a palette, give their values', async () => {
  for (const depth of [1, 2, 4, 8])
    for (const colour of [0, 3]) {
      const rows = halves(2 ** depth - 1, 0);
      rows[3]![5] = 0;
      const root = write(`depth-${depth}-${colour}`, {
        'images/a.png': red,
        'annotations/a.png': png(rows, depth, colour),
      });
      const set = await openSegmentation(root, { size: 4, ignored: 255 });
      assert.deepEqual(
        [...(await set.sample(0)).mask.data],
        rows.flat(),
        `${depth} bits, colour type ${colour}`,
      );
    }
});

test('without dataset.json the classes are the numbers in the masks', async () => {
  const root = write('numbers', {
    'images/a.png': red,
    'images/b.png': red,
    'annotations/a.png': grey(halves(1, 255)),
    'annotations/b.png': grey(halves(0, 4)),
  });
  const set = await openSegmentation(root, { size: 4 });
  assert.deepEqual([set.classes, set.ignored], [['0', '1', '2', '3', '4'], 255]);
  assert.equal((await openSegmentation(root, { size: 4, ignored: 4 })).classes.length, 256);
});

test('tar files with .seg.png, and synthetic scenes', async () => {
  const path = join(write('tars', { 'dataset.json': facts }), 'a.tar');
  writeFileSync(
    path,
    tarOf({ 'a.png': red, 'a.seg.png': grey(halves(2, 1)), 'b.seg.png': grey(halves(7, 0)), 'b.png': blue }),
  );
  const set = await openSegmentation(path, { size: 4 });
  assert.deepEqual([...(await set.sample(1)).mask.data], halves(7, 0).flat());
  assert.deepEqual(set.classes, ['sky', 'road', 'car']);
  await set.close();
  const scenes = await openSegmentation('synthetic:3', { size: 16 });
  const drawn = { image: new Uint8Array(16 * 16 * 3), mask: new Uint8Array(16 * 16) };
  drawScene(2, 16, drawn.image, 0, drawn.mask);
  const { image, mask } = await scenes.sample(2);
  assert.deepEqual([image.data, mask.data], [drawn.image, drawn.mask]);
  assert.equal(scenes.classes.length, 1 + syntheticClasses.length);
});

test('mistakes name the file', async () => {
  const one = (mask: Uint8Array): Record<string, Uint8Array | string> => ({
    'dataset.json': facts,
    'images/a.png': red,
    'annotations/a.png': mask,
  });
  await fails(
    write('size', one(grey([[0, 1]]))),
    /annotations\/a\.png: a mask of 2 × 1 pixels for an image of 12 × 8, .*images\/a\.png/,
  );
  await fails(
    write('class', one(grey(halves(0, 3)))),
    /annotations\/a\.png: class 3 at column 6, row 0, but there are 3 classes/,
  );
  await fails(write('colour', one(red)), /annotations\/a\.png: not a mask/);
  await fails(
    write('torn', one(grey(halves(0, 1)).subarray(0, 60))),
    /annotations\/a\.png: not a readable PNG/,
  );
  await fails(write('text', one(Buffer.from('text'))), /annotations\/a\.png: not a PNG file/);
  await fails(
    write('image', { ...one(grey(halves(0, 1))), 'images/a.png': 'text' }),
    /images\/a\.png: not a readable image/,
  );
  await fails(
    write('lone', { ...one(grey(halves(0, 1))), 'images/b.png': red }),
    /images\/b\.png: has no mask b\.png in/,
  );
  await fails(
    write('twins', { ...one(grey(halves(0, 1))), 'images/a.jpg': red }),
    /a\.png: has the same mask as .*a\.jpg/,
  );
  await fails(
    write('key', { ...one(grey(halves(0, 1))), 'dataset.json': '{"ignore": 3}' }),
    /dataset\.json: unknown key ignore; its keys are/,
  );
  await fails(
    write('json', { ...one(grey(halves(0, 1))), 'dataset.json': '{' }),
    /dataset\.json is not valid JSON/,
  );
  await fails(
    write('split', { ...one(grey(halves(0, 1))), 'dataset.json': '{"splits": {"part": []}}' }),
    /unknown split part/,
  );
  await fails(write('flat', { 'a.png': red }), /flat: has no masks/);
});
