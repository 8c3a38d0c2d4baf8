import type { DataFile, Folder, OtherFile } from './folder.js';
import { basename, extname } from './path-names.js';

const ENDINGS = ['.txt', '.tsv'];
/** A longer file is no table of labels. */
const LONGEST = 2 ** 26;

/** Labels that stand in a text file. */
export interface ClassTable {
  readonly file: DataFile;
  /** The class of each image that the table has, by the image's name. */
  readonly classes: ReadonlyMap<string, string>;
}

/**
 * Finds tables of images that lie in no class folder: text files beside or above them with, in every line, the name of an
 * image, a tab and its class (`val_annotations.txt`); more columns do not matter. A file in which any line is otherwise is
 * none, and so is one where images share a name.
 * @param images these images
 * @param classes those of the class folders
 */
export function findClassTables(
  { prefix, folders, others }: Folder,
  images: readonly DataFile[],
  classes: ReadonlySet<string>,
): ClassTable[] {
  const inside = images.filter(({ name }) => name.startsWith(prefix));
  if (inside.length === 0 || classes.size === 0) return [];
  const own = others.flatMap((file) => readTable(file, inside, classes) ?? []);
  return [...own, ...folders.flatMap((each) => findClassTables(each, inside, classes))];
}

function readTable(
  file: OtherFile,
  images: readonly DataFile[],
  classes: ReadonlySet<string>,
): ClassTable | undefined {
  const text = ENDINGS.includes(extname(file.name).toLowerCase()) ? file.text(LONGEST) : undefined;
  if (text === undefined) return undefined;
  const byName = new Map(images.map(({ name }) => [basename(name), name]));
  if (byName.size < images.length) return undefined;
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    if (line === '') continue;
    const [name = '', label = ''] = line.split('\t');
    const image = byName.get(name);
    if (image === undefined || !classes.has(label)) return undefined;
    found.set(image, label);
  }
  return found.size > 0 ? { file, classes: found } : undefined;
}
