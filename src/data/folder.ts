import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { some } from '../words.js';
import { imageEndings, undecodedEndings } from './encoded-image.js';

/** A file of a data set. */
export interface DataFile {
  readonly path: string;
  /** Its path below the data set's folder, with /. */
  readonly name: string;
}

/** A folder of a data set and what lies in it, in the order of code units; hidden files left out, links followed. */
export interface Folder {
  readonly name: string;
  readonly path: string;
  /** How the names of all in it begin: `''` for the data set's folder, `images/train/`. */
  readonly prefix: string;
  readonly folders: readonly Folder[];
  /** The files that end as images do. */
  readonly images: readonly DataFile[];
  /** Those that end as images do that cannot be decoded. */
  readonly undecoded: readonly DataFile[];
  readonly others: readonly DataFile[];
}

type FileKind = 'images' | 'undecoded' | 'others';

/** What lies in a folder, in the order of code units; hidden files left out, links followed. */
export function list(
  path: string,
): { readonly name: string; readonly path: string; readonly folder: boolean }[] {
  const kind = (entry: Dirent): Dirent | Stats | undefined =>
    entry.isSymbolicLink() ? statSync(join(path, entry.name), { throwIfNoEntry: false }) : entry;
  return readdirSync(path, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .map((entry) => ({
      name: entry.name,
      path: join(path, entry.name),
      folder: kind(entry)?.isDirectory() ?? false,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Looks through a folder and all below it. @throws UserError for a link to a folder above it */
export function readFolder(path: string): Folder {
  return read(path, '', []);
}

function read(path: string, prefix: string, above: readonly string[]): Folder {
  const place = realpathSync(path);
  if (above.includes(place)) throw new UserError(`${path} is a link to a folder above it; remove it`);
  const folders: Folder[] = [];
  const files: Record<FileKind, DataFile[]> = { images: [], undecoded: [], others: [] };
  for (const entry of list(path)) {
    const file = { path: entry.path, name: prefix + entry.name };
    if (entry.folder) folders.push(read(file.path, `${file.name}/`, [...above, place]));
    else files[kindOf(entry.name)].push(file);
  }
  return { name: basename(resolve(path)), path, prefix, folders, ...files };
}

function kindOf(name: string): FileKind {
  const ending = extname(name).toLowerCase();
  if (imageEndings.includes(ending)) return 'images';
  return undecodedEndings.includes(ending) ? 'undecoded' : 'others';
}

/** The files of a kind in and below a folder. */
export function filesBelow(folder: Folder, kind: FileKind): DataFile[] {
  return [...folder[kind], ...folder.folders.flatMap((each) => filesBelow(each, kind))];
}

/** Whether there is an image in or below a folder. */
export function holdsImages({ folders, images }: Folder): boolean {
  return images.length > 0 || folders.some(holdsImages);
}

/** The first few of many files. */
export const someOf = (files: readonly Pick<DataFile, 'name'>[]): string =>
  some(files.map(({ name }) => name));
