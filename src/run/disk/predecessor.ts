import { UserError } from '../../errors.js';
import type { Config } from '../config.js';
import { keptImages } from '../kept-images.js';
import type { Predecessor } from '../predecessor.js';
import { loadModel, modelDigest } from './checkpoint.js';
import { keptIn } from './images-file.js';

/** The run that another begins from, as its configuration names it. @throws UserError where there is no finished run */
export function beginFrom(run: string): NonNullable<Config['from']> {
  return { run, sha256: modelDigest(run) };
}

/** Opens the run that a configuration names in `from`. @throws UserError where it is missing or has changed since */
export function openPredecessor({ run, sha256 }: NonNullable<Config['from']>): Predecessor {
  if (modelDigest(run) !== sha256)
    throw new UserError(
      `${run}: model.safetensors is another than the one that this run began with (SHA-256)`,
    );
  return { weights: (layouts) => loadModel(run, layouts), kept: keptIn(run, keptImages) };
}
