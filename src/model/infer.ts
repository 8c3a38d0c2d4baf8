import type { Compiled } from '../engine/index.js';
import { flatSpecs, unpack } from '../nn/index.js';
import { constant, expand, mean, mul, type Spec, scope, spec, sub, type Tensor } from '../tensor/index.js';
import {
  type AugmentationConfig,
  type Layouts,
  type ModelConfig,
  type ModelWeights,
  type Predictor,
  predict,
  targetWidth,
  tokenCount,
} from '../world-model/index.js';
import { type Comparison, measureByPrograms } from './action-measure.js';
import { type Inference, searchAction } from './search-action.js';

/**
 * Searches the action that is likeliest, of those that training draws, given how near its prediction from BEFORE comes to
 * AFTER; by gradient descent through the predictor.
 * @param before latents of the encoder [1, N, D]
 * @param after what is to be predicted of the other image, see `targetLatents` [1, N, `targetWidth`]
 * @param progress is told the share of the search that is done
 */
export function inferAction(
  compiled: Compiled,
  {
    model,
    layouts,
    augmentation,
  }: { model: ModelConfig; layouts: Layouts; augmentation: AugmentationConfig },
  weights: ModelWeights,
  { before, after }: { readonly before: Float32Array; readonly after: Float32Array },
  progress?: (share: number) => void,
): Promise<Inference> {
  const feeds = { before, after, weights: weights.predictor };
  return searchAction(
    measureByPrograms(compiled, { ...predictions(model, layouts), feeds }),
    augmentation,
    // The errors of a patch's features go together: each patch tells as much as one number.
    tokenCount(model.encoder),
    progress,
  );
}

/** Compares predictions for actions with what they should be. */
function predictions(model: ModelConfig, layouts: Layouts) {
  const { encoder, predictor } = model;
  const tokens = tokenCount(encoder);
  const specs = {
    before: spec([1, tokens, encoder.width]),
    after: spec([1, tokens, targetWidth(model)]),
    weights: flatSpecs(layouts.predictor) as Record<string, Spec>,
  };
  const distance: Comparison<typeof specs>['distance'] = ({ before, after, weights }, action) => {
    const parameters = unpack(layouts.predictor, weights as Record<string, Tensor>) as Predictor<Tensor>;
    const count = action.shape[0] as number;
    const everywhere = Int32Array.from({ length: count * tokens }, (_, i) => i % tokens);
    const predicted = constant(everywhere, { dtype: 'int32', shape: [count, tokens] });
    const context = expand(before, [count, tokens, encoder.width]);
    const answers = scope('predictor', () =>
      predict(context, action, { predicted }, parameters, predictor, encoder),
    );
    const error = sub(answers, after);
    return mean(mul(error, error), [1, 2]);
  };
  return { name: 'infer', specs, distance };
}
