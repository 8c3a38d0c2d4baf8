import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.js';
import { decodeImage, decodeUnresized, type Fit, type RgbImage } from './encoded-image.js';
import { filesBelow } from './folder.js';
import { imageEndings } from './image-endings.js';
import { writePlanes } from './planes.js';
import { readFolder } from './read-folder.js';

/** How a model sees images; every model says it of itself. */
export interface Seeing {
  /** Side of the square that it takes, pixels. */
  readonly size: number;
  /** Whether that is the middle of an image, or all of it stretched. */
  readonly fit: Exclude<Fit, 'whole'>;
}

/**
 * Image files as a model takes them, float32 [n, 3, size, size] in 0..1.
 * @param model a model, or its size and fit
 * @throws UserError naming the first that is no image
 */
export async function readImages(paths: readonly string[], { size, fit }: Seeing): Promise<Float32Array> {
  const out = new Float32Array(paths.length * 3 * size * size);
  for (const [i, path] of paths.entries()) {
    const { data } = await readNamed(path, (bytes) => decodeImage(bytes, size, fit));
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

/**
 * The files that are named, and in the place of a folder the images in and below it: also those of kinds that cannot be
 * read, so that none is passed over in silence.
 * @throws UserError for a folder without images
 */
export function imageFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
    const folder = readFolder(path);
    const found = [...filesBelow(folder, 'images'), ...filesBelow(folder, 'undecoded')];
    if (found.length > 0) return found.map((file) => file.path).sort();
    throw new UserError(
      `${path}: no images there (looked for ${imageEndings.join(' ')}, in sub-folders too)`,
    );
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
