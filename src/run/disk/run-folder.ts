import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { readJson } from '../../json-file.js';
import { type Config, check } from '../config.js';
import { differences } from '../settings.js';
import { writeAtomically } from './atomic-file.js';
import { isClaim, lockRun } from './run-lock.js';

const configIn = (run: string): string => join(run, 'config.json');

/** Whether a folder holds a run: one that has its configuration. */
export const isRun = (folder: string): boolean => existsSync(configIn(folder));

/**
 * Opens a folder for the training of a run, out of reach of other processes; what a killed one left half written is removed.
 * @param resume go on with the run that is there
 * @returns gives the folder back
 * @throws UserError where it is in use, or there is no run to go on with, another one, or one of other settings
 */
export function openRun(run: string, config: Config, resume: boolean): () => void {
  const release = lockRun(run);
  try {
    removeTemporaries(run);
    if (resume && !isRun(run))
      throw new UserError(`${run} holds no run to go on with; leave --resume out to begin one there`);
    if (isRun(run) && !resume)
      throw new UserError(`${run} exists already; choose another --out, or continue that run with --resume`);
    if (resume) checkSame(run, config);
    return release;
  } catch (error) {
    release();
    throw error;
  }
}

/** Writes a run's configuration into its locked folder, once. @throws UserError where something else is there */
export function createRun(run: string, config: Config): void {
  if (isRun(run)) return;
  if (readdirSync(run).some((name) => !isClaim(name)))
    throw new UserError(`${run} is no run, and not empty: choose another --out`);
  writeAtomically(configIn(run), [new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`)]);
}

/** The configuration of a run. @throws UserError where the folder is none of ours or the file is damaged */
export function readConfig(run: string): Config {
  const file = configIn(run);
  if (!isRun(run)) throw new UserError(`${run} is no run folder: ${file} is missing`);
  return check(readJson(file));
}

/** Refuses to go on with a run under other settings than its own. @throws UserError naming each key and both values */
function checkSame(run: string, config: Config): void {
  const different = differences(readConfig(run), config).map(
    ({ key, before, now }) => `${key} (${JSON.stringify(before)}, now ${JSON.stringify(now)})`,
  );
  if (different.length > 0)
    throw new UserError(
      `${run} was started with other settings: ${different.join(', ')}; resume it without changing them`,
      2,
    );
}

/** Removes what killed processes left half written in a locked run folder. */
function removeTemporaries(run: string): void {
  for (const folder of [run, join(run, 'checkpoints')])
    for (const name of existsSync(folder) ? readdirSync(folder) : [])
      if (name.endsWith('.tmp')) rmSync(join(folder, name), { force: true });
}
