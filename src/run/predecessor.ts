import { UserError } from '../errors.js';
import type { Layouts, ModelWeights } from '../world-model/index.js';
import type { Config } from './config.js';
import { readKeptImages } from './images-file.js';
import { imagesMissing, type KeptImages } from './kept-images.js';
import { modelDigest, readModel } from './model-file.js';
import { placeOf, type RunFiles } from './run-files.js';

/** The run whose weights another begins with. */
export interface Predecessor {
  /** Its weights, the caller's to change; the same at every call. @throws UserError where they do not fit the layouts */
  readonly weights: (layouts: Layouts) => Promise<ModelWeights>;
  /** Which images it held out and was trained on. */
  readonly kept: KeptImages;
}

/** The run that another begins from, as its configuration names it. @throws UserError where there is no finished run */
export async function beginFrom(run: RunFiles): Promise<NonNullable<Config['from']>> {
  return { run: run.name, sha256: await modelDigest(run) };
}

/**
 * Opens the run that a configuration names in `from`.
 * @param run its files
 * @throws UserError where it is missing or has changed since
 */
export async function openPredecessor(
  run: RunFiles,
  { sha256 }: Pick<NonNullable<Config['from']>, 'sha256'>,
): Promise<Predecessor> {
  if ((await modelDigest(run)) !== sha256)
    throw new UserError(
      `${run.name}: model.safetensors is another than the one that this run began with (SHA-256)`,
    );
  const kept = await readKeptImages(run);
  if (kept === undefined) throw imagesMissing(placeOf(run, 'images.json'));
  return { weights: (layouts) => readModel(run, layouts), kept };
}
