import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expand } from 'brace-expansion';
import { globSync } from 'tinyglobby';
import { UserError } from '../errors.js';

/** More shards than this are a slip of the pen: `{0..1e9}`. */
const MOST_SHARDS = 100_000;

/** Whether a source is a pattern of file names: braces (`{000..012}`, `{a,b}`) or a glob (`*`, `?`, `[…]`). */
export function isPattern(source: string): boolean {
  return /[{*?[]/.test(source) && !existsSync(source);
}

/**
 * The files of a data set that is cut in shards.
 * @param source a file, a folder of shards or with these in `data/`, or a pattern: braces list files that must all be
 *   there, a glob finds those that are
 * @param endings of the wanted files
 * @returns paths, in order of the pattern's braces, else of code units; none where there are no such files
 * @throws UserError for a pattern that finds nothing, or a file of its braces that is missing
 */
export function findShards(source: string, endings: readonly string[]): string[] {
  const wanted = (name: string): boolean => endings.some((ending) => name.toLowerCase().endsWith(ending));
  if (isPattern(source)) return expandPattern(source).filter(wanted);
  if (!statSync(source).isDirectory()) return wanted(source) ? [source] : [];
  const shards = (folder: string): string[] =>
    readdirSync(folder)
      .filter((name) => wanted(name) && !name.startsWith('.'))
      .sort()
      .map((name) => join(folder, name));
  const here = shards(source);
  const data = join(source, 'data');
  return here.length > 0 || !statSync(data, { throwIfNoEntry: false })?.isDirectory() ? here : shards(data);
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
