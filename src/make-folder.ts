import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UserError } from './errors.js';

/**
 * Makes a folder, and those above it that are missing, one after the other: asked for all at once, Node tries for ever
 * where the system keeps no folders, such as in /proc.
 * @returns whether one was made
 * @throws UserError where none can be; Error of the system, its `path` the folder that was refused
 */
export function makeFolder(folder: string): boolean {
  const missing: string[] = [];
  for (let at = resolve(folder); !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const each of missing)
    try {
      mkdirSync(each);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT')
        throw new UserError(`${folder}: no folder can be made in ${dirname(each)}: choose another place`);
      // Another process was faster.
      if (code !== 'EEXIST') throw error;
    }
  return missing.length > 0;
}
