import { UserError } from '../errors.js';
import type { Config } from './config.js';
import { placeOf, type RunFiles, type RunSource } from './run-files.js';

/** The models that programs call, by name: that of the encoder, where it is an ONNX model. */
export type Models = Readonly<Record<string, Uint8Array>>;

/** Where a run keeps an encoder that is an ONNX model. */
export const ENCODER_FILE = 'encoder.onnx';

/** Keeps what a run's programs call with it, once: so it needs nothing else. */
export async function keepModels(run: RunFiles, models: Models): Promise<void> {
  for (const bytes of Object.values(models))
    if ((await run.read(ENCODER_FILE)) === undefined) await run.write(ENCODER_FILE, [bytes]);
}

/** What a run's programs call. @throws UserError where it is missing */
export async function readModels(run: RunSource, { encoder: { program, source } }: Config): Promise<Models> {
  if (program === undefined || source === undefined) return {};
  const bytes = await run.read(ENCODER_FILE);
  if (bytes === undefined)
    throw new UserError(`${placeOf(run, ENCODER_FILE)} is missing: it is the encoder, ${source.name}`);
  return { [source.sha256]: bytes };
}
