import { UserError } from '../errors.js';
import type { Config } from '../run/config.js';
import { keepsModels, readModel, readModels } from '../run/disk/encoder-file.js';
import type { Models } from '../run/encoder-file.js';
import { type ForeignEncoder, openEncoder } from './open-encoder.js';
import { findProgram } from './program-files.js';

/**
 * The ONNX models that a run's programs call: those that it keeps, or the run that it begins from, else those that its
 * configuration names.
 * @param run its folder, which may not be there yet
 * @throws UserError where one is gone, or another than it was
 */
export async function modelsOf(run: string, config: Config): Promise<Models> {
  const own = [run, config.from?.run].find((folder) => folder !== undefined && keepsModels(folder));
  if (own !== undefined) return readModels(own, config);
  const { program, source } = config.encoder;
  if (program === undefined || source === undefined) return {};
  return readModel(config, (await findProgram(source.name))?.model ?? source.name);
}

/**
 * The encoder whose weights a run begins with; none where these are a predecessor's, in an ONNX model, or random.
 * @throws UserError as {@link openEncoder}, and where its weights have changed since the run began
 */
export async function startingEncoder({ from, encoder }: Config): Promise<ForeignEncoder | undefined> {
  const { source, program } = encoder;
  if (source === undefined || from !== undefined || program !== undefined) return undefined;
  const opened = await openEncoder(source.name);
  if (opened.settled.encoder.source?.sha256 !== source.sha256)
    throw new UserError(
      `${source.name}: its weights are others than those that this run began with (SHA-256)`,
    );
  return opened;
}
