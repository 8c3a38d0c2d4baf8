import sharp from 'sharp';
import { type Retrieval, type RgbImage, toRgb } from '../evaluate/retrieval.js';

/** Side of a picture in the strip, and the frame around it, pixels. */
const SIDE = 128;
const FRAME = 4;
const [GREEN, GREY] = ['#2e9e5b', '#b9b9b9'];

/**
 * A PNG: on the left the image; then for each action above what it really gives, below what the prediction retrieves,
 * in green where that is the right one.
 * @param pixels the image, [3, size, size] in 0..1
 */
export async function retrievalPicture(
  pixels: Float32Array,
  found: readonly Retrieval[],
): Promise<Uint8Array> {
  const original = toRgb(pixels, Math.sqrt(pixels.length / 3));
  const cell = SIDE + 2 * FRAME;
  const tiles = [{ image: original, colour: GREY, column: 0, row: 0.5 }];
  for (const [i, { wanted, retrieved, rank }] of found.entries()) {
    tiles.push({ image: wanted, colour: GREY, column: i + 1, row: 0 });
    tiles.push({ image: retrieved, colour: rank === 1 ? GREEN : GREY, column: i + 1, row: 1 });
  }
  const layers = await Promise.all(
    tiles.map(async ({ image, colour, column, row }) => ({
      input: await tile(image, colour),
      left: column * cell,
      top: row * cell,
    })),
  );
  return sharp({
    create: { width: (found.length + 1) * cell, height: 2 * cell, channels: 3, background: '#ffffff' },
  })
    .composite(layers)
    .png()
    .toBuffer();
}

/** An image in its frame; small ones keep their pixels as squares. */
function tile({ size, pixels }: RgbImage, colour: string): Promise<Buffer> {
  return sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
    .resize(SIDE, SIDE, { kernel: size < SIDE ? 'nearest' : 'lanczos3' })
    .extend({ top: FRAME, bottom: FRAME, left: FRAME, right: FRAME, background: colour })
    .png()
    .toBuffer();
}
