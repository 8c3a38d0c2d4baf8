import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { UserError } from '../errors.js';

/** A file or folder in a folder. */
export interface Entry {
  readonly name: string;
  readonly path: string;
  readonly folder: boolean;
}

/** What lies in a folder, in the order of code units; hidden files left out, links followed. */
export function list(folder: string): Entry[] {
  const kind = (entry: Dirent): Dirent | Stats | undefined =>
    entry.isSymbolicLink() ? statSync(join(folder, entry.name), { throwIfNoEntry: false }) : entry;
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.'))
    .map((entry) => ({
      name: entry.name,
      path: join(folder, entry.name),
      folder: kind(entry)?.isDirectory() ?? false,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The file that an entry is, or the files in and below the folder that it is, if they have one of the endings.
 * @throws UserError for a link to a folder above it
 */
export function filesIn(
  { name, path, folder }: Entry,
  endings: readonly string[],
  above: readonly string[] = [],
): string[] {
  if (!folder) return endings.includes(extname(name).toLowerCase()) ? [path] : [];
  const place = realpathSync(path);
  if (above.includes(place)) throw new UserError(`${path} is a link to a folder above it; remove it`);
  return list(path).flatMap((entry) => filesIn(entry, endings, [...above, place]));
}
