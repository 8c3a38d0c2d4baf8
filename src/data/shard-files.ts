import { existsSync, statSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { expand } from 'brace-expansion';
import { globSync } from 'tinyglobby';
import { UserError } from '../errors.js';
import type { DataFile, Folder } from './folder.js';
import { imageEndings } from './image-endings.js';
import { readFolder } from './read-folder.js';

/** More shards than this are a slip of the pen: `{0..1e9}`. */
const MOST_SHARDS = 100_000;

/** How names of files end: of many images, of one; archives of other kinds are not read. */
const endings = {
  parquet: /\.(parquet|parq|pq)$/i,
  tar: /\.(tar|tar\.gz|tgz)$/i,
  image: new RegExp(`(${imageEndings.join('|').replaceAll('.', '\\.')})$`, 'i'),
  archive: /\.(tar\.\w+|tbz2?|txz|zip|7z|rar|arrow|tfrecords?)$/i,
  facts: /^dataset\.json$/i,
};
type FileKind = keyof typeof endings;

/** Files by what they are; others are left out. */
export type FilesByKind = Readonly<Record<FileKind, readonly DataFile[]>>;

/** Sorts files by what their names say they are. */
export function byKind(all: readonly DataFile[]): FilesByKind {
  const files: Record<FileKind, DataFile[]> = { parquet: [], tar: [], image: [], archive: [], facts: [] };
  const kinds = Object.keys(endings) as FileKind[];
  for (const file of all) {
    const kind = kinds.find((each) => endings[each].test(basename(file.name)));
    if (kind !== undefined) files[kind].push(file);
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
 * @returns the folder that they all lie in or below, and they in order of the pattern's braces, else of code units
 * @throws UserError for a pattern that finds nothing, or a file of its braces that is missing
 */
export function filesOf(source: string): { root: string; files: readonly DataFile[] } {
  if (isFolder(source)) return { root: source, files: filesIn(source) };
  const paths = (isPattern(source) ? expandPattern(source) : [source]).flatMap((path) =>
    isFolder(path) ? filesIn(path).map((file) => file.path) : [path],
  );
  const root = commonFolder(paths);
  return { root, files: paths.map((path) => ({ path, name: below(root, path) })) };
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** All files in and below a folder. @throws UserError for a link to a folder above it */
export function filesIn(path: string): DataFile[] {
  const all = ({ folders, images, undecoded, others }: Folder): DataFile[] =>
    [images, undecoded, others, ...folders.map(all)].flat();
  return all(readFolder(path)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A path below a folder, with /. */
export function below(folder: string, path: string): string {
  return relative(folder, path).replaceAll('\\', '/');
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
    paths.every((path) => below(folder, path).split('/')[0] !== '..');
  let folder = dirname(paths[0] ?? '');
  while (!holdsAll(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}
