import type { Compiled } from '../engine/index.js';
import { flatSpecs, unpack } from '../nn/index.js';
import {
  constant,
  expand,
  gradient,
  mean,
  mul,
  type Spec,
  scope,
  spec,
  sub,
  sum,
  type Tensor,
  trace,
} from '../tensor/index.js';
import {
  type AugmentationConfig,
  actionSize,
  type Layouts,
  type ModelConfig,
  type ModelWeights,
  type Predictor,
  predict,
  tokenCount,
} from '../world-model/index.js';
import { IMPROVED, type Inference, searchAction } from './search-action.js';

/**
 * Searches the action that is likeliest, of those that training draws, given how near its prediction from BEFORE comes to
 * AFTER; by gradient descent through the predictor.
 * @param before latents of the encoder [1, N, D]
 * @param after what is to be predicted of the other image, see `targetLatents` [1, N, D]
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
  return searchAction(
    (action) =>
      compiled.run('infer', () => traceDistance(model, layouts), {
        before,
        after,
        action,
        weights: weights.predictor,
      }),
    augmentation,
    // The errors of a patch's features go together: each patch tells as much as one number.
    tokenCount(model.encoder),
    progress,
  );
}

/** How far the predictions for actions [K, 7] are from what they should be, and the slope by each action. */
function traceDistance(model: ModelConfig, layouts: Layouts) {
  const { encoder, predictor } = model;
  const tokens = tokenCount(encoder);
  const specs = {
    before: spec([1, tokens, encoder.width]),
    after: spec([1, tokens, encoder.width]),
    action: spec([IMPROVED, actionSize]),
    weights: flatSpecs(layouts.predictor) as Record<string, Spec>,
  };
  return trace('infer', specs, ({ before, after, action, weights }) => {
    const parameters = unpack(layouts.predictor, weights as Record<string, Tensor>) as Predictor<Tensor>;
    const everywhere = Int32Array.from({ length: IMPROVED * tokens }, (_, i) => i % tokens);
    const predicted = constant(everywhere, { dtype: 'int32', shape: [IMPROVED, tokens] });
    const context = expand(before as Tensor, [IMPROVED, tokens, encoder.width]);
    const answers = scope('predictor', () =>
      predict(context, action as Tensor, { predicted }, parameters, predictor, encoder),
    );
    const error = sub(answers, after as Tensor);
    const distance = mean(mul(error, error), [1, 2]);
    const [slope] = gradient(sum(distance), [action as Tensor]);
    return { distance, slope: slope as Tensor };
  });
}
