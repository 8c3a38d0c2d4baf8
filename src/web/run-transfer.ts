import { UserError } from '../errors.js';
import type { RunFiles } from '../run/run-files.js';
import type { ChosenRun } from './run-source.js';

/** A file of a run, by its path in the run's folder. */
export interface RunFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** All files of a run, one after the other: saved as a folder, `iwm` takes them. */
export async function* filesOf(run: RunFiles, folder = ''): AsyncGenerator<RunFile> {
  for (const name of await run.list(folder)) {
    const path = folder === '' ? name : `${folder}/${name}`;
    if (name.endsWith('/')) yield* filesOf(run, path.slice(0, -1));
    else yield { path, bytes: (await run.read(path)) ?? new Uint8Array() };
  }
}

/** Claims of processes, what killed ones left, and what an evaluation can compute again. */
const passing = /\.(?:lock|tmp)$|^measured\//;

/** Copies a run that a person chose to where it can go on. @throws UserError where something lies there already */
export async function keepRun(chosen: ChosenRun, run: RunFiles): Promise<void> {
  if ((await run.list('')).length > 0) throw new UserError(`${run.name} exists already; choose another name`);
  const paths = chosen.paths.filter((path) => !passing.test(path));
  // The configuration comes last: before it is there, nothing takes the files for a run.
  for (const path of paths.sort((a, b) => Number(a === 'config.json') - Number(b === 'config.json')))
    await run.write(path, [(await chosen.read(path)) ?? new Uint8Array()]);
}
