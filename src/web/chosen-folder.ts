import { type FileKind, type Folder, kindOf, type OtherFile } from '../data/folder.js';
import { extname, isHidden } from '../data/path-names.js';
import { type ChosenFile, pathOf } from './run-source.js';

/** Files that may say something of the images beside them end so. */
const TEXTS = ['.txt', '.tsv', '.json'];
/** Bytes of such a file that a page reads. */
const LONGEST = 2 ** 26;

interface Placed {
  readonly file: ChosenFile;
  /** The names that lead to it below the folder it is looked at in, its own the last. */
  readonly names: readonly string[];
}

/**
 * What a person chose or dropped as the folder of a data set; hidden files left out, in the order of code units.
 * @returns it, and its files by their paths
 */
export async function chosenFolder(
  files: Iterable<ChosenFile>,
): Promise<{ readonly folder: Folder; readonly byPath: ReadonlyMap<string, ChosenFile> }> {
  const byPath = new Map<string, ChosenFile>();
  for (const file of files) if (!isHidden(pathOf(file))) byPath.set(pathOf(file), file);
  const paths = [...byPath.keys()];
  const top = paths[0]?.split('/')[0] ?? '';
  const root = paths.every((path) => path.startsWith(`${top}/`)) ? top : '';
  const placed = [...byPath].map(([path, file]) => ({
    file,
    names: path.slice(root === '' ? 0 : root.length + 1).split('/'),
  }));
  return { folder: await folderOf(placed, root, ''), byPath };
}

async function folderOf(files: readonly Placed[], path: string, prefix: string): Promise<Folder> {
  const below = new Map<string, Placed[]>();
  const own: Record<FileKind, OtherFile[]> = { images: [], undecoded: [], others: [] };
  const inOrder = [...files].sort((a, b) => ((a.names[0] ?? '') < (b.names[0] ?? '') ? -1 : 1));
  for (const { file, names } of inOrder) {
    const [name = '', ...rest] = names;
    if (rest.length > 0) below.set(name, [...(below.get(name) ?? []), { file, names: rest }]);
    else own[kindOf(name)].push({ path: pathOf(file), name: prefix + name, text: await textOf(file) });
  }
  const folders: Folder[] = [];
  for (const [name, inside] of below)
    folders.push(await folderOf(inside, path === '' ? name : `${path}/${name}`, `${prefix}${name}/`));
  return {
    name: path.slice(path.lastIndexOf('/') + 1),
    path: path || 'these files',
    prefix,
    folders,
    ...own,
  };
}

/** What a file holds, read now where it may be asked for: a page cannot wait for it later. */
async function textOf(file: ChosenFile): Promise<OtherFile['text']> {
  const isWanted = TEXTS.includes(extname(file.name).toLowerCase()) && file.size <= LONGEST;
  const text = isWanted ? await file.text() : undefined;
  return (longest) => (file.size > longest ? undefined : text);
}
