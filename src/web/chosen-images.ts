import { imageFolder } from '../data/image-folder.js';
import type { ImageSet } from '../data/image-set.js';
import { MemoryPixels } from '../data/memory-pixels.js';
import { PixelImages } from '../data/pixel-images.js';
import type { Split } from '../data/splits.js';
import { UserError } from '../errors.js';
import { count, gigabytes } from '../words.js';
import { chosenFolder } from './chosen-folder.js';
import { decodeSquare } from './decode-square.js';
import type { ChosenFile } from './run-source.js';

/** Bytes of decoded images that a page may keep. */
const MOST = 2 ** 31;

/**
 * The images of a folder, or the images alone, that a person chose or dropped; read as `iwm` reads a folder: splits,
 * classes, order and notes are those of {@link imageFolder}. Each is decoded when it is first asked for.
 * @param options.size side of the decoded images, pixels
 * @param options.split which part to read (default: train where there is one, else the only one, else all)
 * @throws UserError for a folder without images or without the split asked for, and more than fit in a page
 */
export async function chosenImages(
  files: Iterable<ChosenFile>,
  { size, split }: { readonly size: number; readonly split?: Split },
): Promise<ImageSet> {
  const { folder, byPath } = await chosenFolder(files);
  const { pixels, notes = [], classes, labels, ...source } = imageFolder(folder, split);
  const paths = pixels.kind === 'files' ? pixels.paths : [];
  const bytes = paths.length * size * size * 3;
  if (bytes > MOST)
    throw new UserError(
      `${folder.path}: ${count(paths.length, 'image')} of ${size} × ${size} pixels take ${gigabytes(bytes)}, a page may keep ${gigabytes(MOST)}; choose fewer, or train with iwm pretrain`,
    );
  const images = paths.map((name) => ({
    name,
    decode: () => decodeSquare(byPath.get(name) as ChosenFile, size),
  }));
  const { description, split: read } = source;
  return new PixelImages(
    new MemoryPixels(size, images),
    { source: folder.path, split: read, description, notes, classes },
    Int32Array.from(paths.keys()),
    labels,
  );
}
