import { readdirSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where decoded images and compiled programs are kept between runs: `$XDG_CACHE_HOME/iwm`, else `~/.cache/iwm`. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'iwm');
}

/** Deletes a folder's files that end so, least recently used first, until all but `kept` take at most `most` bytes. */
export function makeRoom(folder: string, ending: string, kept: string, most: number): void {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(ending) && join(folder, name) !== kept)
    .flatMap((name) => {
      const path = join(folder, name);
      // Another process may have deleted it.
      const found = statSync(path, { throwIfNoEntry: false });
      return found === undefined ? [] : [{ path, size: found.size, used: found.mtimeMs }];
    })
    .sort((a, b) => b.used - a.used);
  let total = 0;
  for (const { path, size } of files) {
    total += size;
    if (total > most) rmSync(path, { force: true });
  }
}
