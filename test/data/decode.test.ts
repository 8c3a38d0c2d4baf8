import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { decodeImage } from '../../src/data/encoded-image.js';
import { openImages } from '../../src/data/images.js';

interface Fixture {
  readonly size: number;
  readonly images: readonly { readonly name: string; readonly file: string; readonly rgb: string }[];
  /** The same picture in two files. */
  readonly pairs: readonly { readonly name: string; readonly files: readonly [string, string] }[];
  readonly untold: readonly { readonly name: string; readonly file: string }[];
}

const {
  size,
  images: expected,
  pairs,
  untold,
} = JSON.parse(readFileSync(new URL('../fixtures/decode.json', import.meta.url), 'utf8')) as Fixture;
const folder = mkdtempSync(join(tmpdir(), 'iwm-decode-'));
after(() => rmSync(folder, { recursive: true }));

test('images of every kind decode to the pixels that Pillow gives', async () => {
  const warnings: string[] = [];
  process.on('warning', ({ message }) => warnings.push(message));
  const sorted = [...expected].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, file } of sorted) writeFileSync(join(folder, name), Buffer.from(file, 'base64'));
  const images = await openImages([folder], { size });
  assert.equal(images.length, sorted.length);
  const plane = size * size;
  for (const [index, { name, rgb }] of sorted.entries()) {
    const batch = await images.batch([index]);
    const right = Buffer.from(rgb, 'base64');
    let largest = 0;
    for (let pixel = 0; pixel < plane; pixel++)
      for (let channel = 0; channel < 3; channel++) {
        const value = 255 * batch[channel * plane + pixel]!;
        largest = Math.max(largest, Math.abs(value - right[3 * pixel + channel]!));
      }
    assert.ok(largest < 1.001, `${name}: off by ${largest} of 255`);
  }
  await images.close();
  // Five images have such a band.
  const once = 'a band of TIFF images that is neither colour nor declared to be transparency is not used';
  assert.deepEqual(warnings, [once]);
});

test('inks come to the same colours, however they are stored', async () => {
  for (const { name, files } of pairs) {
    const [one, other] = await Promise.all(
      files.map((file) => decodeImage(Buffer.from(file, 'base64'), size)),
    );
    const off = Math.max(...one!.data.map((value, i) => Math.abs(value - other!.data[i]!)));
    assert.ok(off <= 3, `${name}: off by ${off} of 255`);
    assert.ok(new Set(one!.data).size > 50, name);
  }
});

test('a band that is not used weights nothing where an image is resized', async () => {
  const file = (wanted: string): Buffer =>
    Buffer.from(expected.find(({ name }) => name === wanted)?.file ?? '', 'base64');
  const plain = await decodeImage(file('colour.tif'), size / 2);
  for (const name of ['fourth-band.tif', 'fourth-band-empty.tif'])
    assert.deepEqual(await decodeImage(file(name), size / 2), plain, name);
});

test('an image of which nothing says what its numbers mean is refused, with what they are', async () => {
  const reasons: Record<string, RegExp> = {
    floats: /floating-point numbers of 32 bits, and nothing says which one is white/,
    'half-floats': /floating-point numbers of 16 bits/,
    doubles: /floating-point numbers of 64 bits/,
    signed: /signed numbers of 16 bits/,
    'signed-bytes': /signed numbers of 8 bits/,
    'signed-colour': /signed numbers of 16 bits/,
    long: /whole numbers of 32 bits/,
    lab: /its colours are CIELab; convert it to grey or RGB/,
    'two-bands': /has 2 bands and declares 1 of them \(grey\)/,
    'three-grey': /has 3 bands and declares 1 of them \(grey\)/,
    'five-bands': /has 5 bands and declares 3 of them \(RGB\)/,
    'alpha-and-more': /has 5 bands and declares 3 of them \(RGB\)/,
    'seven-bands': /has 7 bands and declares 3 of them \(RGB\)/,
    'five-inks': /has 6 bands and declares 4 of them \(CMYK\)/,
  };
  assert.deepEqual(untold.map(({ name }) => name).toSorted(), Object.keys(reasons).toSorted());
  for (const { name, file } of untold)
    for (const fit of ['square', 'stretched', 'whole'] as const)
      await assert.rejects(decodeImage(Buffer.from(file, 'base64'), size, fit), { message: reasons[name]! });
});
