import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import sharp from 'sharp';
import { decodeImage, decodeUnresized, imageSize } from '../../src/data/encoded-image.js';

const [WIDTH, HEIGHT] = [32, 16];
const colours = { left: [200, 30, 40], right: [30, 60, 190] } as const;

/** Left half one colour, right half another. */
const picture = () => {
  const raw = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let pixel = 0; pixel < WIDTH * HEIGHT; pixel++)
    raw.set(pixel % WIDTH < WIDTH / 2 ? colours.left : colours.right, 3 * pixel);
  return sharp(raw, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
};

/** The pixel at (x, y), shares of width and height. */
function at(
  { width, height, data }: Awaited<ReturnType<typeof decodeImage>>,
  x: number,
  y: number,
): number[] {
  const pixel = Math.floor(y * height) * width + Math.floor(x * width);
  return [...data.subarray(3 * pixel, 3 * pixel + 3)];
}

const near = (one: readonly number[], other: readonly number[], most: number, what: string): void => {
  const off = Math.max(...one.map((value, i) => Math.abs(value - (other[i] as number))));
  assert.ok(off <= most, `${what}: ${one} is ${off} off ${other}`);
};

test('a CMYK JPEG comes back as the colours it was printed from', async () => {
  // What the way through ink costs: nothing for paper, some of every other colour.
  for (const [colour, most] of [
    [[255, 255, 255], 2],
    [[128, 128, 128], 16],
    [[150, 110, 90], 16],
    [[20, 20, 20], 32],
  ] as const) {
    const [r, g, b] = colour;
    const bytes = await sharp({ create: { width: 16, height: 16, channels: 3, background: { r, g, b } } })
      .toColourspace('cmyk')
      .jpeg({ quality: 100 })
      .toBuffer();
    assert.equal((await sharp(bytes).metadata()).space, 'cmyk');
    near(at(await decodeImage(bytes, 8), 0.5, 0.5), colour, most, 'CMYK');
  }
});

test('ten bits of AVIF are the colours that eight are', async () => {
  const options = { quality: 100, chromaSubsampling: '4:4:4' } as const;
  const ten = await picture()
    .toColourspace('rgb16')
    .avif({ ...options, bitdepth: 10 })
    .toBuffer();
  assert.equal((await sharp(ten).metadata()).bitsPerSample, 10);
  const image = await decodeUnresized(ten);
  near(at(image, 0.2, 0.5), colours.left, 2, 'left');
  near(at(image, 0.8, 0.5), colours.right, 2, 'right');
});

test('all eight EXIF orientations are turned upright', async () => {
  // Where the left half of the stored picture is to be seen, by the EXIF standard.
  const seen = { 1: 'left', 2: 'right', 3: 'right', 4: 'left', 5: 'top', 6: 'top', 7: 'bottom', 8: 'bottom' };
  const place = { left: [0.2, 0.5], right: [0.8, 0.5], top: [0.5, 0.2], bottom: [0.5, 0.8] } as const;
  for (const [orientation, side] of Object.entries(seen)) {
    const bytes = await picture()
      .withMetadata({ orientation: Number(orientation) })
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const [x, y] = place[side as keyof typeof place];
    const image = await decodeImage(bytes, HEIGHT, 'whole');
    near(at(image, x, y), colours.left, 3, `orientation ${orientation}`);
    near(at(image, 1 - x, 1 - y), colours.right, 3, `orientation ${orientation}`);
    const size = Number(orientation) < 5 ? [WIDTH, HEIGHT] : [HEIGHT, WIDTH];
    assert.deepEqual([image.width, image.height], size);
    assert.deepEqual(await imageSize(bytes), {
      width: size[0],
      height: size[1],
      orientation: Number(orientation),
    });
  }
});

test('square keeps the middle, whole and stretched keep everything', async () => {
  const bytes = await picture().png().toBuffer();
  const [square, whole] = [await decodeImage(bytes, 8), await decodeImage(bytes, 8, 'whole')];
  assert.deepEqual([square.width, square.height, whole.width, whole.height], [8, 8, 16, 8]);
  const stretched = await decodeImage(bytes, 8, 'stretched');
  assert.deepEqual([stretched.width, stretched.height], [8, 8]);
  const own = await decodeUnresized(bytes);
  assert.deepEqual([own.width, own.height], [WIDTH, HEIGHT]);
  for (const image of [stretched, own]) {
    near(at(image, 0.05, 0.5), colours.left, 3, 'left');
    near(at(image, 0.95, 0.5), colours.right, 3, 'right');
  }
});

test('more pixels than allowed are refused with their number', async () => {
  const small = await picture().png().toBuffer();
  const bomb = Buffer.from(small);
  bomb.writeUInt32BE(30_000, 16);
  bomb.writeUInt32BE(20_000, 20);
  // The checksum of the header, over its kind and 13 bytes.
  const { crc32 } = await import('./crc32.js');
  bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
  const message = 'too large: 30000 × 20000 pixels, more than 100 million';
  await assert.rejects(decodeImage(bomb, 8), { message });
  await assert.rejects(imageSize(bomb), { message });
});

test('an image that is too large and does not even tell its size is refused too', () =>
  // Fuzzing made it: input 181,165 of seed 31.
  assert.rejects(
    decodeImage(readFileSync(new URL('../fixtures/large-and-damaged.gif', import.meta.url)), 8),
    {
      message: 'too large: more than 100 million pixels',
    },
  ));

test('what is no image of the kinds named is not given to the decoders', async () => {
  const vector =
    '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>';
  for (const bytes of [Buffer.from(vector), Buffer.from('%PDF-1.7'), Buffer.from('plain text')])
    await assert.rejects(decodeImage(bytes, 8), /neither JPEG, PNG, WebP, AVIF, GIF nor TIFF/);
  await assert.rejects(decodeImage(Buffer.alloc(0), 8), /not a readable image \(empty\)/);
});

test('an image cut off anywhere in its first half is refused', async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const grain = sharp({ create: { width: 48, height: 48, channels: 3, background: '#808080', noise } });
  for (const kind of ['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'] as const) {
    const whole = await grain.clone().toFormat(kind).toBuffer();
    for (const share of [0.05, 0.2, 0.5])
      await assert.rejects(
        decodeImage(whole.subarray(0, Math.floor(share * whole.length)), 8),
        /not a readable image/,
        `${kind}, ${share}`,
      );
  }
});

test('a JPEG that needs no resizing has the pixels that the decoder of all kinds gives', async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const decoded = async (bytes: Buffer, size: number): Promise<Buffer> =>
    sharp(bytes).resize(size, size, { fit: 'cover' }).raw().toBuffer();
  for (const [width, height] of [
    [32, 32],
    [41, 24],
    [24, 40],
    [33, 64],
  ] as const)
    for (const options of [{}, { progressive: true }, { chromaSubsampling: '4:4:4' }, { mozjpeg: true }]) {
      const bytes = await sharp({ create: { width, height, channels: 3, background: '#808080', noise } })
        .jpeg(options)
        .toBuffer();
      const size = Math.min(width, height);
      const { data } = await decodeImage(bytes, size);
      assert.ok(Buffer.from(data).equals(await decoded(bytes, size)), `${width} × ${height}`);
      await assert.rejects(decodeImage(bytes.subarray(0, bytes.length / 2), size), /not a readable image/);
    }
});

test('a grey or turned JPEG that needs no resizing is left to the decoder of all kinds', async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const right = await sharp({ create: { width: 24, height: 24, channels: 3, background: '#808080', noise } })
    .png()
    .toBuffer();
  const close = (a: Uint8Array, b: Uint8Array): number =>
    a.reduce((total, value, i) => total + Math.abs(value - (b[i] as number)), 0) / a.length;
  const jpeg = { quality: 100, chromaSubsampling: '4:4:4' };
  const upright = await decodeImage(right, 24);
  const turned = await sharp(right).withMetadata({ orientation: 3 }).jpeg(jpeg).toBuffer();
  const around = Uint8Array.from({ length: upright.data.length }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return upright.data[3 * (24 * 24 - 1 - pixel) + (i % 3)] as number;
  });
  assert.ok(close((await decodeImage(turned, 24)).data, around) < 2);
  const grey = await sharp(right).greyscale().jpeg(jpeg).toBuffer();
  const { data } = await decodeImage(grey, 24);
  assert.ok(data.every((value, i) => value === data[i - (i % 3)]));
});
