import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { openImages } from '../../src/data/images.js';
import { drawScene, syntheticClasses } from '../../src/data/scene.js';
import { openSegmentation } from '../../src/data/segmentation.js';
import { MissingSplit } from '../../src/data/splits.js';
import { UserError } from '../../src/errors.js';
import { random } from '../../src/random.js';
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

test('classes without names are those of all splits', async () => {
  const root = write('later', {
    'train/images/a.png': red,
    'train/annotations/a.png': grey(halves(0, 1)),
    'val/images/b.png': red,
    'val/annotations/b.png': grey(halves(1, 2)),
  });
  for (const split of ['train', 'validation'] as const)
    assert.deepEqual((await openSegmentation(root, { size: 4, split })).classes, ['0', '1', '2'], split);
});

test('masks are found by their names, whatever folders and endings say that they are masks', async () => {
  const mask = grey(halves(2, 1));
  const layouts: Readonly<Record<string, Readonly<Record<string, Buffer>>>> = {
    suffix: { 'images/7.png': red, 'annotations/7_mask.png': mask },
    prefix: { 'images/image-7.png': red, 'masks/mask-7.png': mask },
    beside: { '7.png': red, '7_mask.png': mask, '8.png': blue },
    trimaps: { 'images/7.png': red, 'annotations/trimaps/7.png': mask, 'images/8.png': blue },
    cityscapes: {
      'leftImg8bit/train/ulm/u_0_leftImg8bit.png': red,
      'gtFine/train/ulm/u_0_gtFine_labelIds.png': mask,
      'gtFine/train/ulm/u_0_gtFine_color.png': red,
    },
    voc: {
      'JPEGImages/7.png': red,
      'JPEGImages/8.png': blue,
      'SegmentationClass/7.png': mask,
      'SegmentationObject/7.png': grey(halves(1, 2)),
    },
    'a folder of masks for all splits': { 'train/7.png': red, 'val/8.png': blue, 'masks/train/7.png': mask },
    'a jpeg preview': { 'images/7.png': red, 'masks/7.png': mask, 'masks/7.jpg': blue },
  };
  for (const [name, files] of Object.entries(layouts)) {
    const set = await openSegmentation(write(`found/${name}`, files), { size: 4 });
    assert.deepEqual([set.length, set.places.length], [1, 1], name);
    const { image, mask } = await set.sample(0);
    assert.deepEqual([...mask.data], halves(2, 1).flat(), name);
    assert.deepEqual([...image.data.subarray(0, 3)], [255, 0, 0], name);
    await set.close();
  }
});

test('images without a mask are left out, in a sentence, and so are masks without an image', async () => {
  const root = write('partly', {
    'images/a.png': red,
    'images/b.png': blue,
    'images/c.png': red,
    'annotations/b.png': grey(halves(0, 1)),
    'annotations/x.png': grey(halves(0, 1)),
  });
  const set = await openSegmentation(root, { size: 4 });
  assert.deepEqual([...set.places], [1]);
  assert.equal(set.among, 3);
  assert.match(set.description, /: 1 image, 2 classes of pixels, split all$/);
  assert.deepEqual(set.notes.slice(1), [
    '1 mask called like no image: annotations/x.png',
    '2 of 3 images without a mask: images/a.png, images/c.png',
  ]);
  assert.deepEqual([...(await set.sample(0)).image.data.subarray(0, 3)], [0, 0, 255]);
  const split = write('bare', {
    'train/images/a.png': red,
    'train/masks/a.png': grey(halves(0, 1)),
    'test/images/b.png': red,
  });
  assert.equal((await openSegmentation(split, { size: 4 })).length, 1);
  await assert.rejects(openSegmentation(split, { size: 4, split: 'test' }), MissingSplit);
});

/** A mask of noise, and an image whose red is the mask's value times 30, stored so that EXIF turns it upright. */
async function turned(
  orientation: number,
  [width, height]: readonly [number, number],
): Promise<{ image: Buffer; stored: number[][] }> {
  const draw = random(orientation);
  const stored = Array.from({ length: height }, () => Array.from({ length: width }, () => draw.integer(8)));
  const pixels = Buffer.from(stored.flat().flatMap((value) => [value * 30, 0, 0]));
  const image = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .withMetadata({ orientation })
    .tiff({ compression: 'none' })
    .toBuffer();
  return { image, stored };
}

/** Rows of a mask as EXIF shows them, by an image library. */
async function upright(image: Buffer): Promise<Buffer> {
  const { data, info } = await sharp(image).autoOrient().raw().toBuffer({ resolveWithObject: true });
  const values = Array.from({ length: info.height }, (_, y) =>
    Array.from({ length: info.width }, (_, x) => data[(y * info.width + x) * info.channels]! / 30),
  );
  return grey(values);
}

/** Whether every pixel of every mask agrees with its image. */
async function agrees(root: string, size: number): Promise<boolean> {
  const set = await openSegmentation(root, { size });
  for (let index = 0; index < set.length; index++) {
    const { image, mask } = await set.sample(index);
    assert.deepEqual([image.width, image.height], [mask.width, mask.height]);
    if (mask.data.some((value, pixel) => value * 30 !== image.data[3 * pixel])) return false;
  }
  return true;
}

test('masks agree with images that EXIF turns, on whichever of the two they were drawn', async () => {
  const tall = [6, 10] as const;
  for (const drawn of ['stored', 'turned']) {
    const files: Record<string, Buffer> = {};
    for (let orientation = 1; orientation <= 8; orientation++) {
      const { image, stored } = await turned(orientation, tall);
      files[`images/${orientation}.tif`] = image;
      files[`masks/${orientation}.png`] = drawn === 'stored' ? grey(stored) : await upright(image);
    }
    const root = write(`exif-${drawn}`, files);
    assert.ok(await agrees(root, 6), drawn);
    // Upside down and mirrored fit either way: what the others are tells.
    const { notes } = await openSegmentation(root, { size: 6 });
    const said = notes.filter((note) => note.includes('EXIF'));
    assert.equal(said.length, drawn === 'stored' ? 1 : 0);
    if (drawn === 'stored')
      assert.match(said[0]!, /^7 masks drawn on the image as stored, so turned with it/);
  }
});

test('a mask that fits either way follows the other splits; where nothing tells, it is said', async () => {
  const [upsideDown, onItsSide] = [await turned(3, [6, 10]), await turned(6, [6, 10])];
  const split = write('exif-split', {
    'train/images/a.tif': upsideDown.image,
    'train/masks/a.png': grey(upsideDown.stored),
    'val/images/b.tif': onItsSide.image,
    'val/masks/b.png': grey(onItsSide.stored),
  });
  assert.ok(await agrees(split, 6));
  const shown = write('exif-shown', {
    'images/a.tif': upsideDown.image,
    'masks/a.png': await upright(upsideDown.image),
  });
  assert.ok(await agrees(shown, 6));
  const { notes } = await openSegmentation(shown, { size: 6 });
  assert.match(
    notes.at(-1)!,
    /^1 mask that may be drawn on the image as stored or as its EXIF data turn it; .*a\.png$/,
  );
  const square = await turned(8, [8, 8]);
  const sides = write('exif-square', {
    'images/a.tif': square.image,
    'masks/a.png': await upright(square.image),
  });
  assert.ok(await agrees(sides, 8));
  await fails(
    write('exif-size', { 'images/a.tif': onItsSide.image, 'masks/a.png': grey(halves(0, 1)) }),
    /a mask of 12 × 8 pixels for an image of 10 × 6 as its EXIF data turn it/,
  );
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
    write('lossy', { 'images/a.png': red, 'masks/a.jpg': await sharp(red).jpeg().toBuffer() }),
    /masks\/a\.jpg: not a mask that can be read: JPEG changes the values/,
  );
  await fails(
    write('several', { ...one(grey(halves(0, 1))), 'masks/a.png': grey(halves(0, 1)) }),
    /images\/a\.png: has several masks, .*annotations\/a\.png and .*masks\/a\.png/,
  );
  await fails(
    write('strange', { 'images/a.png': red, 'masks/other.png': grey(halves(0, 1)) }),
    /no mask is called like its image: there is masks\/other\.png; the mask of images\/a\.png would be a\.png/,
  );
  const many = JSON.stringify({ classes: Array.from({ length: 257 }, (_, i) => `c${i}`) });
  await fails(
    write('many', { ...one(grey(halves(0, 1))), 'dataset.json': many }),
    /257 classes are named, but a mask's bytes tell 256 apart/,
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
  await fails(
    write('flat', { 'a.png': red }),
    /flat: has no masks; give a folder with images\/ and annotations\//,
  );
});
