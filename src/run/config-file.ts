import { UserError } from '../errors.js';
import { parseJson } from '../json.js';
import { type Config, check } from './config.js';
import { placeOf, type RunFiles, type RunSource, readText, writeText } from './run-files.js';
import { differences } from './settings.js';

const FILE = 'config.json';

/**
 * The configuration that a file holds.
 * @param file for messages
 * @throws UserError where this version cannot read it
 */
export function parseConfig(json: unknown, file: string): Config {
  try {
    return check(json);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `${file}: ${error.message}; what another version trained is trained anew`,
      error.exitCode,
    );
  }
}

/** The configuration of a run; undefined where there is no run. @throws UserError where it is damaged */
export async function findConfig(run: RunSource): Promise<Config | undefined> {
  const text = await readText(run, FILE);
  if (text === undefined) return undefined;
  const json = parseJson(text);
  if (json === undefined) throw new UserError(`${placeOf(run, FILE)} is not valid JSON`);
  return parseConfig(json, placeOf(run, FILE));
}

/** The configuration of a run. @throws UserError where there is no run, or it is damaged */
export async function readConfig(run: RunSource): Promise<Config> {
  const config = await findConfig(run);
  if (config === undefined)
    throw new UserError(`${run.name} is no run folder: ${placeOf(run, FILE)} is missing`);
  return config;
}

/**
 * Whether a run may be trained where its files are to lie.
 * @param resume go on with the run that is there
 * @throws UserError where there is no run to go on with, another one, or one of other settings
 */
export async function checkStart(run: RunSource, config: Config, resume: boolean): Promise<void> {
  const found = await findConfig(run);
  if (found === undefined) {
    if (!resume) return;
    throw new UserError(`${run.name} holds no run to go on with; leave --resume out to begin one there`);
  }
  if (!resume)
    throw new UserError(
      `${run.name} exists already; choose another --out, or continue that run with --resume`,
    );
  const different = differences(found, config).map(
    ({ key, before, now }) => `${key} (${JSON.stringify(before)}, now ${JSON.stringify(now)})`,
  );
  if (different.length > 0)
    throw new UserError(
      `${run.name} was started with other settings: ${different.join(', ')}; resume it without changing them`,
      2,
    );
}

/** Writes a run's configuration, once. @throws UserError where something else lies there */
export async function beginRun(run: RunFiles, config: Config): Promise<void> {
  if ((await run.read(FILE)) !== undefined) return;
  if ((await run.list('')).some((name) => name !== FILE))
    throw new UserError(`${run.name} is no run, and not empty: choose another --out`);
  await writeText(run, FILE, `${JSON.stringify(config, null, 2)}\n`);
}
