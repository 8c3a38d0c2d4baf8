import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.js';
import { decodeImage, decodeUnresized, type RgbImage } from './encoded-image.js';

/** What each byte is in 0..1. */
const levels = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** RGB bytes [pixels, 3] as planes of floats [3, pixels] in 0..1, written to `out` at `to`. */
export function writePlanes(bytes: Uint8Array, out: Float32Array, to: number): void {
  const pixels = bytes.length / 3;
  for (let pixel = 0, from = 0; pixel < pixels; pixel++, from += 3, to++) {
    out[to] = levels[bytes[from] as number] as number;
    out[to + pixels] = levels[bytes[from + 1] as number] as number;
    out[to + 2 * pixels] = levels[bytes[from + 2] as number] as number;
  }
}

/**
 * Image files as float32 [n, 3, size, size] in 0..1, the middle of each kept.
 * @throws UserError naming the first that is no image
 */
export async function readImages(paths: readonly string[], size: number): Promise<Float32Array> {
  const out = new Float32Array(paths.length * 3 * size * size);
  for (const [i, path] of paths.entries()) {
    const { data } = await readNamed(path, (bytes) => decodeImage(bytes, size));
    writePlanes(data, out, i * 3 * size * size);
  }
  return out;
}

/**
 * One image file as float32 [1, 3, size, size] in 0..1, all of it stretched to a square, and at its own size.
 * @throws UserError where it is no image
 */
export function readWhole(path: string, size: number): Promise<{ pixels: Float32Array; whole: RgbImage }> {
  return readNamed(path, async (bytes) => {
    const { data } = await decodeImage(bytes, size, 'stretched');
    const pixels = new Float32Array(data.length);
    writePlanes(data, pixels, 0);
    return { pixels, whole: await decodeUnresized(bytes) };
  });
}

/** @throws UserError naming the file */
async function readNamed<T>(path: string, use: (bytes: Uint8Array) => Promise<T>): Promise<T> {
  try {
    return await use(await readFile(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(`${path}: ${code === undefined ? message : `cannot be read (${code})`}`);
  }
}
