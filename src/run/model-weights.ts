import { emptyFlat } from '../nn/index.js';
import type { Layouts, ModelWeights } from '../world-model/index.js';
import { fill } from './named-tensors.js';
import type { Weights } from './safetensors.js';
import { weightSections } from './state.js';

/**
 * A finished model's weights, from their names on disk to flat vectors.
 * @param file for messages
 * @throws UserError naming the tensors that are missing, of another shape, or none of the model's
 */
export function modelWeights(stored: Weights, layouts: Layouts, file: string): ModelWeights {
  const weights = {
    encoder: emptyFlat(layouts.encoder),
    predictor: emptyFlat(layouts.predictor),
    target: emptyFlat(layouts.encoder),
  };
  fill(stored, weightSections(weights, layouts), file);
  return weights;
}
