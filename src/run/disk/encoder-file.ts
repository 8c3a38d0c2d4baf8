import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import type { Config } from '../config.js';
import { ENCODER_FILE, type Models } from '../encoder-file.js';
import { writeAtomically } from './atomic-file.js';

const fileIn = (folder: string): string => join(folder, ENCODER_FILE);

/** Keeps what a folder's programs call in it, once: so it needs nothing else. */
export function keepModels(folder: string, models: Models): void {
  for (const bytes of Object.values(models))
    if (!existsSync(fileIn(folder))) writeAtomically(fileIn(folder), [bytes]);
}

/** Whether a folder keeps an ONNX model. */
export const keepsModels = (folder: string): boolean => existsSync(fileIn(folder));

/** What the programs of a folder's model call. @throws UserError where it is missing, or another than it was */
export function readModels(folder: string, { encoder: { program, source } }: Config): Models {
  if (program === undefined || source === undefined) return {};
  const file = fileIn(folder);
  if (!existsSync(file)) throw new UserError(`${file} is missing: it is the encoder, ${source.name}`);
  const bytes = readFileSync(file);
  if (createHash('sha256').update(bytes).digest('hex') !== source.sha256)
    throw new UserError(`${file} is another encoder than that of the run (SHA-256)`);
  return { [source.sha256]: bytes };
}
