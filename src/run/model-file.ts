import { UserError } from '../errors.js';
import type { Layouts, ModelWeights } from '../world-model/index.js';
import { modelWeights } from './model-weights.js';
import { collect } from './named-tensors.js';
import { placeOf, type RunFiles, type RunSource } from './run-files.js';
import { decodeSafetensors, encodeSafetensors, type Weights } from './safetensors.js';
import { weightSections } from './state.js';

const FILE = 'model.safetensors';

async function modelBytes(run: RunSource): Promise<Uint8Array> {
  const bytes = await run.read(FILE);
  if (bytes === undefined)
    throw new UserError(
      `${run.name}: no finished model there (${FILE} is missing); give the folder of a finished run`,
    );
  return bytes;
}

/** Writes the finished model: encoder, predictor, target_encoder. */
export function writeModel(run: RunFiles, weights: ModelWeights, layouts: Layouts): Promise<void> {
  const tensors = collect(weightSections(weights, layouts));
  const metadata = { format: 'image-world-models' };
  return run.write(FILE, encodeSafetensors({ tensors, metadata }));
}

/** Reads a finished run's model. @throws UserError where it is missing or does not fit the configuration */
export async function readModel(run: RunSource, layouts: Layouts): Promise<ModelWeights> {
  const place = placeOf(run, FILE);
  return modelWeights(decodeSafetensors(await modelBytes(run), place, 'F32') as Weights, layouts, place);
}

/** SHA-256 of a finished run's model, as its file has it. @throws UserError where it is missing */
export async function modelDigest(run: RunFiles): Promise<string> {
  return run.sha256([await modelBytes(run)]);
}
