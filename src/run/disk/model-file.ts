import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import type { Layouts, ModelWeights } from '../../world-model/index.js';
import { modelWeights } from '../model-weights.js';
import { readSafetensors } from './safetensors-file.js';

/** The file of a finished run's model. @throws UserError where it is missing */
function modelFile(run: string): string {
  const file = join(run, 'model.safetensors');
  if (existsSync(file)) return file;
  throw new UserError(
    `${run}: no finished model there (model.safetensors is missing); give the folder of a finished run`,
  );
}

/** Reads a finished run's model. @throws UserError where it is missing or does not fit the configuration */
export function loadModel(run: string, layouts: Layouts): ModelWeights {
  const file = modelFile(run);
  return modelWeights(readSafetensors(file), layouts, file);
}
