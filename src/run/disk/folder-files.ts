import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../make-folder.js';
import type { Models } from '../encoder-file.js';
import { fileStore } from '../file-store.js';
import type { RunFiles } from '../run-files.js';
import type { RunStore } from '../run-store.js';
import { syncFolder, writeAtomically } from './atomic-file.js';
import { isClaim } from './run-lock.js';

/** The files of a run in a folder of a disk; what is written has reached the disk. */
export function folderFiles(run: string): RunFiles {
  return {
    name: run,
    read: async (path) => (existsSync(join(run, path)) ? readFileSync(join(run, path)) : undefined),
    list: async (folder) => (existsSync(join(run, folder)) ? namesIn(join(run, folder)) : []),
    write: async (path, parts) => {
      const file = join(run, path);
      if (makeFolder(dirname(file))) syncFolder(run);
      writeAtomically(file, parts);
    },
    append: async (name, text) => {
      const path = join(run, name);
      try {
        appendFileSync(path, text, { flush: true });
      } catch (error) {
        throw Object.assign(error as Error, { path });
      }
    },
    remove: async (path) => rmSync(join(run, path), { force: true }),
    sha256: async (parts) => {
      const hash = createHash('sha256');
      for (const part of parts) hash.update(part);
      return hash.digest('hex');
    },
  };
}

/** A run's folder as the place where it keeps what must not be lost. @param models what its programs call */
export const folderStore = (run: string, models?: Models): RunStore =>
  fileStore(folderFiles(run), folderFiles, models);

/** A process's claim is none of the run's files. */
function namesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !isClaim(name))
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
}
