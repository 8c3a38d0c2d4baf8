import { UserError } from '../errors.js';
import type { Config } from '../run/config.js';
import { keepsModels, readModels } from '../run/disk/encoder-file.js';
import { type ForeignEncoder, openEncoder } from './open-encoder.js';

/** What a run has of an encoder from elsewhere. */
export interface RunEncoder extends Pick<ForeignEncoder, 'models' | 'notes'> {
  /** Absent where they are random, or are in the run that it begins from or keeps. */
  readonly weights?: ForeignEncoder['weights'];
}

/**
 * Opens the encoder that a run's configuration names, as it was when the run began; of an ONNX model that which the run
 * keeps, or the run that it begins from.
 * @param run its folder, which may not be there yet
 * @throws UserError as {@link openEncoder}, and where the encoder has changed since
 */
export async function openRunEncoder(run: string, config: Config): Promise<RunEncoder> {
  const { from, image, encoder } = config;
  const own = [run, from?.run].find((folder) => folder !== undefined && keepsModels(folder));
  if (own !== undefined) return { models: readModels(own, config), notes: [] };
  const { source } = encoder;
  if (source === undefined || from !== undefined) return { models: {}, notes: [] };
  const opened = await openEncoder(source.name, image.size);
  if (opened.settled.encoder.source?.sha256 !== source.sha256)
    throw new UserError(
      `${source.name}: its weights are others than those that this run began with (SHA-256)`,
    );
  return opened;
}
