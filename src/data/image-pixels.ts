import sharp from 'sharp';
import { UserError } from '../errors.js';

/**
 * Decodes an image: turned as its metadata says, transparency on black, the shorter side resized to `size`, the
 * middle kept.
 * @param input path or encoded bytes, called `name` in errors
 * @returns RGB bytes, [size, size, 3]
 * @throws Error with one line naming what is no image
 */
export async function decodePixels(
  input: string | Uint8Array,
  name: string,
  size: number,
): Promise<Uint8Array> {
  try {
    return await sharp(input, { failOn: 'error', limitInputPixels: 2 ** 28 })
      .rotate()
      .flatten({ background: '#000' })
      .toColourspace('srgb')
      .resize(size, size, { fit: 'cover' })
      .removeAlpha()
      .raw()
      .toBuffer();
  } catch (error) {
    throw new Error(`${name}: not a readable image (${(error as Error).message.split('\n')[0]})`);
  }
}

/** RGB bytes [pixels, 3] from `from` on as planes of floats [3, pixels] in 0..1, written to `out` at `to`. */
export function writePlanes(
  bytes: Uint8Array,
  from: number,
  pixels: number,
  out: Float32Array,
  to: number,
): void {
  for (let pixel = 0; pixel < pixels; pixel++, from += 3, to++) {
    out[to] = (bytes[from] as number) / 255;
    out[to + pixels] = (bytes[from + 1] as number) / 255;
    out[to + 2 * pixels] = (bytes[from + 2] as number) / 255;
  }
}

/**
 * Image files as float32 [n, 3, size, size] in 0..1.
 * @throws UserError naming the first that is no image
 */
export async function readImages(paths: readonly string[], size: number): Promise<Float32Array> {
  const plane = size * size;
  const out = new Float32Array(paths.length * 3 * plane);
  for (const [i, path] of paths.entries()) {
    const bytes = await decodePixels(path, path, size).catch((error: Error) => {
      throw new UserError(error.message);
    });
    writePlanes(bytes, 0, plane, out, i * 3 * plane);
  }
  return out;
}
