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

/** What is computed of images: latents, or what is to be predicted. */
export type Reading = 'encode' | 'targets';

/** A reading of images. @param seen latents of how many patches; of all where absent */
export function traceReading(reading: Reading, config: Config, parts: Layouts, seen?: number) {
  const model = modelConfig(config);
  const { size } = config.image;
  const specs: EncodeInputs<Spec> = {
    images: spec(['batch', 3, size, size]),
    ...visibleSpec('batch', seen),
    weights: flatSpecs(parts.encoder),
  };
  return trace(reading, specs, ({ images, visible, weights }) => {
    const parameters = unpack(parts.encoder, weights) as Encoder<Tensor>;
    const views = normalise(images, config.normalisation);
    const read = () =>
      reading === 'encode'
        ? encode(views, parameters, model.encoder, { visible })
        : targetLatents(views, parameters, model);
    return { latents: scope('encoder', read) };
  });
}

/** Predictions of all patches. @param seen as in {@link traceReading} */
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
