import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import type { Config } from '../config.js';
import { writeAtomically } from './atomic-file.js';

const fileIn = (folder: string): string => join(folder, 'encoder.onnx');

/** The models that programs call, by name. */
export type Models = Readonly<Record<string, Uint8Array>>;

/**
 * What a run's programs call: its encoder, where that is an ONNX model, as the folder keeps it.
 * @param beginning whether the folder may not have it yet: then it is read where the configuration found it
 * @throws UserError where the file is missing, or another than the configuration names
 */
export function readModels(folder: string, { encoder }: Config, beginning = false): Models {
  const { program, source } = encoder;
  if (program === undefined || source === undefined) return {};
  const kept = fileIn(folder);
  const file = beginning && !existsSync(kept) ? source.name : kept;
  if (!existsSync(file)) throw new UserError(`${file} is missing: it is the encoder of ${folder}`);
  const bytes = readFileSync(file);
  if (createHash('sha256').update(bytes).digest('hex') !== source.sha256)
    throw new UserError(`${file} is another encoder than that of ${folder} (SHA-256)`);
  return { [source.sha256]: bytes };
}

/** Keeps what a folder's programs call in it, once: so it needs nothing else. */
export function keepModels(folder: string, models: Models): void {
  for (const bytes of Object.values(models))
    if (!existsSync(fileIn(folder))) writeAtomically(fileIn(folder), [bytes]);
}
