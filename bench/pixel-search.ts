// The best that pixels alone can do: the search of `iwm infer`, with the action applied to BEFORE's pixels and compared
// with AFTER's in the place of a prediction and latents.
import type { Compiled } from '../src/engine/index.js';
import { type Comparison, measureByPrograms } from '../src/model/action-measure.js';
import { type Inference, searchAction } from '../src/model/search-action.js';
import { add, expand, mean, mul, slice, spec, sub, sum, type Tensor } from '../src/tensor/index.js';
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
  const feeds = { before, after };
  return searchAction(measureByPrograms(compiled, { ...pixels(size), feeds }), jittersOnly, size * size);
}

/** Compares the transformed image with what it should be. */
function pixels(size: number) {
  const image = spec([1, 3, size, size]);
  const specs = { before: image, after: image };
  const units = readAction(new Float32Array(actionSize).fill(1));
  const distance: Comparison<typeof specs>['distance'] = ({ before, after }, action) => {
    const entries = transformations.flatMap(({ name, kind, identity }, at) =>
      kind === 'jitter'
        ? [[name, sum(add(mul(slice(action, 1, at, at + 1), units[name] ?? 0), identity), [1])] as const]
        : [],
    );
    const views = transform(
      expand(before, [action.shape[0] as number, 3, size, size]),
      Object.fromEntries(entries) as Parameters<Tensor>,
    );
    const error = sub(views, after);
    return mean(mul(error, error), [1, 2, 3]);
  };
  return { name: 'pixels', specs, distance };
}
