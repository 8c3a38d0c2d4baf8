import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { readJson } from '../../json-file.js';
import type { Config } from '../config.js';
import { checkStart, parseConfig } from '../config-file.js';
import { folderFiles } from './folder-files.js';
import { lockRun } from './run-lock.js';

const configIn = (run: string): string => join(run, 'config.json');

/** Whether a folder holds a run: one that has its configuration. */
export const isRun = (folder: string): boolean => existsSync(configIn(folder));

/**
 * Opens a folder for the training of a run, out of reach of other processes; what a killed one left half written is removed.
 * @param resume go on with the run that is there
 * @returns gives the folder back
 * @throws UserError where it is in use, or there is no run to go on with, another one, or one of other settings
 */
export async function openRun(run: string, config: Config, resume: boolean): Promise<() => void> {
  const release = lockRun(run);
  try {
    removeTemporaries(run);
    await checkStart(folderFiles(run), config, resume);
    return release;
  } catch (error) {
    release();
    throw error;
  }
}

/** The configuration of a run. @throws UserError where the folder is none of ours or the file is damaged */
export function readConfig(run: string): Config {
  const file = configIn(run);
  if (!isRun(run)) throw new UserError(`${run} is no run folder: ${file} is missing`);
  return parseConfig(readJson(file), file);
}

/** Removes what killed processes left half written in a locked run folder. */
function removeTemporaries(run: string): void {
  for (const folder of [run, join(run, 'checkpoints')])
    for (const name of existsSync(folder) ? readdirSync(folder) : [])
      if (name.endsWith('.tmp')) rmSync(join(folder, name), { force: true });
}
