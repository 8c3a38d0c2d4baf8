import { type KeptImages, keptImages, parseKept } from './kept-images.js';
import { placeOf, type RunFiles, type RunSource, readText, writeText } from './run-files.js';

const FILE = 'images.json';

/** Which images a run holds out and was trained on; undefined where that is not decided. @throws UserError for a damaged file */
export async function readKeptImages(run: RunSource): Promise<KeptImages | undefined> {
  const text = await readText(run, FILE);
  return text === undefined ? undefined : parseKept(keptImages, text, placeOf(run, FILE));
}

export function writeKeptImages(run: RunFiles, images: KeptImages): Promise<void> {
  return writeText(run, FILE, `${JSON.stringify(images)}\n`);
}
