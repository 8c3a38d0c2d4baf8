import { type Flat, flatSpecs, unpack } from '../nn/index.js';
import { type Config, modelConfig } from '../run/config.js';
import { type Spec, scope, spec, type Tensor, trace } from '../tensor/index.js';
import {
  actionSize,
  type Encoder,
  encode,
  type Layouts,
  normalise,
  type Predictor,
  predict,
  targetLatents,
  tokenCount,
  visibleSpec,
} from '../world-model/index.js';

interface EncodeInputs<T> {
  readonly images: T;
  readonly visible?: T;
  readonly weights: Flat<T>;
}

interface PredictInputs<T> {
  readonly context: T;
  readonly action: T;
  readonly visible?: T;
  readonly predicted: T;
  readonly weights: Flat<T>;
}

/** Latents of images. @param seen of how many patches; of all where absent */
export function traceEncode(config: Config, parts: Layouts, seen?: number) {
  const { encoder } = modelConfig(config);
  const { size } = config.image;
  const specs: EncodeInputs<Spec> = {
    images: spec(['batch', 3, size, size]),
    ...visibleSpec('batch', seen),
    weights: flatSpecs(parts.encoder),
  };
  return trace('encode', specs, ({ images, visible, weights }) => {
    const parameters = unpack(parts.encoder, weights) as Encoder<Tensor>;
    return {
      latents: scope('encoder', () =>
        encode(normalise(images, config.normalisation), parameters, encoder, visible),
      ),
    };
  });
}

/** What is to be predicted of images. */
export function traceTargets(config: Config, parts: Layouts) {
  const { encoder } = modelConfig(config);
  const { size } = config.image;
  const specs: EncodeInputs<Spec> = {
    images: spec(['batch', 3, size, size]),
    weights: flatSpecs(parts.encoder),
  };
  return trace('targets', specs, ({ images, weights }) => {
    const parameters = unpack(parts.encoder, weights) as Encoder<Tensor>;
    return {
      latents: scope('target', () =>
        targetLatents(normalise(images, config.normalisation), parameters, encoder),
      ),
    };
  });
}

/** Predictions of all patches. @param seen as in {@link traceEncode} */
export function tracePredict(config: Config, parts: Layouts, seen?: number) {
  const model = modelConfig(config);
  const patches = tokenCount(model.encoder);
  const specs: PredictInputs<Spec> = {
    context: spec(['batch', seen ?? patches, model.encoder.width]),
    action: spec(['batch', actionSize]),
    ...visibleSpec('batch', seen),
    predicted: spec(['batch', patches], 'int32'),
    weights: flatSpecs(parts.predictor),
  };
  return trace('predict', specs, ({ context, action, visible, predicted, weights }) => {
    const at = visible === undefined ? { predicted } : { visible, predicted };
    const parameters = unpack(parts.predictor, weights) as Predictor<Tensor>;
    return {
      latents: scope('predictor', () =>
        predict(context, action, at, parameters, model.predictor, model.encoder),
      ),
    };
  });
}
