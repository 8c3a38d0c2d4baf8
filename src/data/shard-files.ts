import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { expand } from 'brace-expansion';
import { globSync } from 'tinyglobby';
import { UserError } from '../errors.js';
import { imageEndings } from './encoded-image.js';
import { list } from './folder.js';

/** More shards than this are a slip of the pen: `{0..1e9}`. */
const MOST_SHARDS = 100_000;

/** How names of files end: of many images, of one; archives of other kinds are not read. */
const endings = {
  parquet: /\.(parquet|parq|pq)$/i,
  tar: /\.(tar|tar\.gz|tgz)$/i,
  image: new RegExp(`\\.(${imageEndings.map((ending) => ending.slice(1)).join('|')})$`, 'i'),
  archive: /\.(tar\.\w+|tbz2?|txz|zip|7z|rar|arrow|tfrecords?)$/i,
  facts: /^dataset\.json$/,
};
type FileKind = keyof typeof endings;

/** Paths of files by what they are; others are left out. */
export type FilesByKind = Readonly<Record<FileKind, readonly string[]>>;

/** Sorts files by what their names say they are. */
export function byKind(paths: Iterable<string>): FilesByKind {
  const files: Record<FileKind, string[]> = { parquet: [], tar: [], image: [], archive: [], facts: [] };
  const kinds = Object.keys(endings) as FileKind[];
  for (const path of paths) {
    const kind = kinds.find((each) => endings[each].test(basename(path)));
    if (kind !== undefined) files[kind].push(path);
  }
  return files;
}

/** Whether a source is a pattern of file names: braces (`{000..012}`, `{a,b}`) or a glob (`*`, `?`, `[…]`). */
export function isPattern(source: string): boolean {
  return /[{*?[]/.test(source) && !existsSync(source);
}

/**
 * The files that a source is: a file, what lies in and below a folder, or what a pattern says: braces list files or
 * folders that must all be there, a glob finds those that are.
 * @returns the folder that they all lie in or below, and their paths: in order of the pattern's braces, else of code units
 * @throws UserError for a pattern that finds nothing, or a file of its braces that is missing
 */
export function filesOf(source: string): { root: string; paths: string[] } {
  if (isPattern(source)) {
    const paths = expandPattern(source).flatMap((path) => (isFolder(path) ? [...filesBelow(path)] : [path]));
    return { root: commonFolder(paths), paths };
  }
  if (isFolder(source)) return { root: source, paths: [...filesBelow(source)] };
  return { root: dirname(source), paths: [source] };
}

const isFolder = (path: string): boolean => statSync(path).isDirectory();

/** The files in and below a folder, hidden ones left out, links followed. @throws UserError for a link to a folder above it */
export function* filesBelow(folder: string, above: readonly string[] = []): Generator<string> {
  const place = realpathSync(folder);
  if (above.includes(place)) throw new UserError(`${folder} is a link to a folder above it; remove it`);
  for (const entry of list(folder)) {
    if (entry.folder) yield* filesBelow(entry.path, [...above, place]);
    else yield entry.path;
  }
}

function expandPattern(source: string): string[] {
  const patterns = expand(source, { max: MOST_SHARDS + 1 });
  if (patterns.length > MOST_SHARDS)
    throw new UserError(`${source}: more than ${MOST_SHARDS.toLocaleString('en-US')} files`);
  const files = patterns.flatMap((pattern) => {
    if (!/[*?[]/.test(pattern)) {
      if (!existsSync(pattern)) throw new UserError(`${pattern}: no such file (one of ${source})`);
      return [pattern];
    }
    return globSync(pattern, { expandDirectories: false }).sort();
  });
  if (files.length === 0) throw new UserError(`${source}: no file matches`);
  return [...new Set(files)];
}

/** The deepest folder that all files lie in or below. */
function commonFolder(paths: readonly string[]): string {
  const holdsAll = (folder: string): boolean =>
    paths.every((path) => relative(folder, path).split(/[\\/]/)[0] !== '..');
  let folder = dirname(paths[0] ?? '');
  while (!holdsAll(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}
