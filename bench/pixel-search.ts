// The best that pixels alone can do: the search of `iwm infer`, with the action applied to BEFORE's pixels and compared
// with AFTER's in the place of a prediction and latents.
import type { Compiled } from '../src/engine/index.js';
import { IMPROVED, type Inference, searchAction } from '../src/model/search-action.js';
import {
  add,
  expand,
  gradient,
  mean,
  mul,
  slice,
  spec,
  sub,
  sum,
  type Tensor,
  trace,
} from '../src/tensor/index.js';
import {
  type AugmentationConfig,
  actionSize,
  type Parameters,
  readAction,
  transform,
  transformations,
} from '../src/world-model/index.js';

/**
 * Which action leads from one image to another, by their pixels; each counts for one observation. What destroyed BEFORE cannot be applied to it again,
 * so of that nothing is found.
 * @param before [1, 3, size, size] in 0..1
 * @param after as `before`
 */
export function searchPixels(
  compiled: Compiled,
  size: number,
  augmentation: AugmentationConfig,
  before: Float32Array,
  after: Float32Array,
): Promise<Inference> {
  const jittersOnly = {
    ...augmentation,
    grayscale: 0,
    solarize: 0,
    blur: { ...augmentation.blur, probability: 0 },
  };
  return searchAction(
    (action) => compiled.run('pixels', () => tracePixels(size), { before, after, action }),
    jittersOnly,
    size * size,
  );
}

function tracePixels(size: number) {
  const image = spec([1, 3, size, size]);
  return trace('pixels', { before: image, after: image, action: spec([IMPROVED, actionSize]) }, (inputs) => {
    const [before, after, action] = [
      inputs.before as Tensor,
      inputs.after as Tensor,
      inputs.action as Tensor,
    ];
    const units = readAction(new Float32Array(actionSize).fill(1));
    const entries = transformations.flatMap(({ name, kind, identity }, at) =>
      kind === 'jitter'
        ? [[name, sum(add(mul(slice(action, 1, at, at + 1), units[name] ?? 0), identity), [1])] as const]
        : [],
    );
    const views = transform(
      expand(before, [IMPROVED, 3, size, size]),
      Object.fromEntries(entries) as Parameters<Tensor>,
    );
    const error = sub(views, after);
    const distance = mean(mul(error, error), [1, 2, 3]);
    const [slope] = gradient(sum(distance), [action]);
    return { distance, slope: slope as Tensor };
  });
}
