import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { readJson } from '../../json-file.js';
import { type Config, check } from '../config.js';

const configIn = (run: string): string => join(run, 'config.json');

/** Whether a folder holds a run: one that has its configuration. */
export const isRun = (folder: string): boolean => existsSync(configIn(folder));

/** The configuration of a run. @throws UserError where the folder is none of ours or the file is damaged */
export function readConfig(run: string): Config {
  const file = configIn(run);
  if (!isRun(run)) throw new UserError(`${run} is no run folder: ${file} is missing`);
  return check(readJson(file));
}

/** Removes what killed processes left half written in a locked run folder. */
export function removeTemporaries(run: string): void {
  for (const folder of [run, join(run, 'checkpoints')])
    for (const name of existsSync(folder) ? readdirSync(folder) : [])
      if (name.endsWith('.tmp')) rmSync(join(folder, name), { force: true });
}
