import type { Compiled } from '../engine/index.js';
import { type Spec, spec, type Tensor, trace } from '../tensor/index.js';
import {
  type Action,
  makeViews,
  readAction,
  sampleViews,
  type ViewInputs,
  type ViewsConfig,
  viewSpecs,
} from '../world-model/index.js';
import { type RgbImage, toRgb } from './retrieval.js';

/** A pair of views as the model sees it in training, before pixels are normalised. */
export interface SeenViews {
  readonly source: RgbImage;
  readonly target: RgbImage;
  /** Patches of the source that the encoder sees, and of the target that are predicted, by place. */
  readonly visible: Int32Array;
  readonly predicted: Int32Array;
  /** From source to target, as the predictor is told it. */
  readonly action: Action;
}

/** Colours as they are. */
const plain = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

/**
 * A pair of views of an image, drawn as in training.
 * @param image [1, 3, h, w] in 0..1
 * @param sample the image's number, for the draws
 */
export async function seenViews(
  compiled: Compiled,
  config: ViewsConfig,
  image: Float32Array,
  seed: number,
  sample: number,
): Promise<SeenViews> {
  const { visible, predicted, action, ...inputs } = sampleViews(config, seed, [[0, sample]]);
  const { source, target } = await compiled.run('seen views', () => traceSeenViews(config), {
    image,
    inputs,
  });
  return {
    source: toRgb(source, config.size),
    target: toRgb(target, config.size),
    visible,
    predicted,
    action: readAction(action),
  };
}

function traceSeenViews(config: ViewsConfig) {
  const { rows, columns, source, target } = viewSpecs(config, 1);
  const specs = {
    image: spec([1, 3, config.image.height, config.image.width]),
    inputs: { rows, columns, source, target } as Pick<
      ViewInputs<Spec>,
      'rows' | 'columns' | 'source' | 'target'
    >,
  };
  return trace('seen views', specs, ({ image, inputs }) =>
    makeViews(image as Tensor, inputs as unknown as ViewInputs<Tensor>, plain),
  );
}
