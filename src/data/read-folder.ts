import { type Dirent, readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { type FileKind, type Folder, kindOf, type OtherFile } from './folder.js';
import { isHidden } from './path-names.js';

/** What lies in a folder, in the order of code units; hidden files left out, links followed. */
export function list(
  path: string,
): { readonly name: string; readonly path: string; readonly folder: boolean }[] {
  const kind = (entry: Dirent): Dirent | Stats | undefined =>
    entry.isSymbolicLink() ? statSync(join(path, entry.name), { throwIfNoEntry: false }) : entry;
  return readdirSync(path, { withFileTypes: true })
    .filter(({ name }) => !isHidden(name))
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
  const files: Record<FileKind, OtherFile[]> = { images: [], undecoded: [], others: [] };
  for (const entry of list(path)) {
    const file = { path: entry.path, name: prefix + entry.name, text: textOf(entry.path) };
    if (entry.folder) folders.push(read(file.path, `${file.name}/`, [...above, place]));
    else files[kindOf(entry.name)].push(file);
  }
  return { name: basename(resolve(path)), path, prefix, folders, ...files };
}

/** What a file holds, unless it is longer. */
const textOf =
  (path: string) =>
  (longest: number): string | undefined =>
    statSync(path).size > longest ? undefined : readFileSync(path, 'utf8');
