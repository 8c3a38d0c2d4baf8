import { type Flat, flatSpecs, unpack } from '../nn/index.js';
import {
  add,
  constant,
  type Dim,
  div,
  expand,
  matmul,
  mean,
  mul,
  reshape,
  type Spec,
  scope,
  size,
  spec,
  sqrt,
  sub,
  sum,
  type Tensor,
  trace,
  transposeLast,
} from '../tensor/index.js';
import {
  type AugmentationConfig,
  actionSize,
  type Encoder,
  encode,
  layouts,
  type ModelConfig,
  type Normalisation,
  normalise,
  type Parameters,
  type Predictor,
  parameterSpecs,
  predict,
  resizeMatrix,
  separable,
  type TransformationName,
  targetLatents,
  targetWidth,
  tokenCount,
  transform,
  transformations,
  visibleSpec,
} from '../world-model/index.js';
import { jitterNames } from './bank.js';

/** What a model to be evaluated is, beside its weights. */
export interface EvaluatorConfig {
  readonly model: ModelConfig;
  readonly normalisation: Normalisation;
  readonly augmentation: AugmentationConfig;
  /** Size of the images given, in pixels. */
  readonly image: { readonly height: number; readonly width: number };
}

/** All transformations, in the order in which they are applied. */
export const allNames = transformations.map((row) => row.name);

/** Images as given [B, 3, h, w], whole, at the model's size [B, 3, S, S]. */
export function whole(images: Tensor, { image, model }: Pick<EvaluatorConfig, 'image' | 'model'>): Tensor {
  const side = model.encoder.image;
  if (image.height === side && image.width === side) return images;
  const matrix = (length: number): Tensor =>
    constant(resizeMatrix(side, length, 0, length), { shape: [1, 1, side, length] });
  return separable(images, matrix(image.height), matrix(image.width));
}

const normalised = (x: Tensor): Tensor => div(x, sqrt(add(sum(mul(x, x), [-1], true), 1e-12)));

/**
 * What is to be predicted of versions of one image.
 * @param image [1, 3, h, w] in 0..1
 * @param parameters of C versions
 * @returns [C, N, `targetWidth`]
 */
export function versionLatents(
  image: Tensor,
  parameters: Parameters<Tensor>,
  weights: Flat<Tensor>,
  count: number,
  config: EvaluatorConfig,
): Tensor {
  const clean = whole(image, config);
  const copies = expand(clean, [count, ...clean.shape.slice(1)]);
  const views = normalise(transform(copies, parameters), config.normalisation);
  const target = unpack(layouts(config.model).encoder, weights) as Encoder<Tensor>;
  return scope('target', () => targetLatents(views, target, config.model));
}

/** Similarity of K predictions [K, N, `targetWidth`] to a bank [M, N, `targetWidth`]: mean per-token cosine and minus squared L2, each [K, M]. */
export function similarity(predictions: Tensor, bank: Tensor): { cosine: Tensor; closeness: Tensor } {
  const tokens = size(bank, 1);
  const flat = (x: Tensor): Tensor => reshape(x, [size(x, 0), tokens * size(x, 2)]);
  const squares = (x: Tensor): Tensor => sum(mul(flat(x), flat(x)), [-1]);
  const cosine = mul(
    matmul(flat(normalised(predictions)), transposeLast(flat(normalised(bank)))),
    1 / tokens,
  );
  // Distances stay the same when both are moved; around the answers they lose fewest digits.
  const centre = mean(predictions, [0], true);
  const [answers, versions] = [sub(predictions, centre), sub(bank, centre)];
  const inner = matmul(flat(answers), transposeLast(flat(versions)));
  const distance = sub(
    add(reshape(squares(answers), [size(predictions, 0), 1]), squares(versions)),
    mul(inner, 2),
  );
  return { cosine, closeness: mul(distance, -1) };
}

/** Similarity of K predictions to C versions of one image, a part of its bank. */
export function traceComparison(config: EvaluatorConfig, actions: number, count: number) {
  const { encoder } = config.model;
  const tokens = tokenCount(encoder);
  const specs = {
    answers: spec([actions, tokens, targetWidth(config.model)]),
    image: spec([1, 3, config.image.height, config.image.width]),
    parameters: parameterSpecs(jitterNames, encoder.image, count) as Parameters<Spec>,
    weights: flatSpecs(layouts(config.model).encoder) as Flat<Spec>,
  };
  return trace('comparison', specs, ({ answers, image, parameters, weights }) => {
    const versions = versionLatents(
      image as Tensor,
      parameters as Parameters<Tensor>,
      weights as Flat<Tensor>,
      count,
      config,
    );
    return similarity(answers as Tensor, versions);
  });
}

/** What the encoder makes of one image [1, 3, h, w], of its visible patches [1, V] where they are named: [1, N or V, D]. */
function contextOf(image: Tensor, weights: Flat<Tensor>, config: EvaluatorConfig, visible?: Tensor): Tensor {
  const { encoder } = config.model;
  const clean = normalise(whole(image, config), config.normalisation);
  const parameters = unpack(layouts(config.model).encoder, weights) as Encoder<Tensor>;
  return scope('encoder', () => encode(clean, parameters, encoder, { visible }));
}

/** Predictions of all positions for K actions [K, 7] from what {@link contextOf} gives: [K, N, `targetWidth`]. */
function predictionsOf(
  context: Tensor,
  action: Tensor,
  weights: Flat<Tensor>,
  { model: { encoder, predictor } }: EvaluatorConfig,
  visible?: Tensor,
): Tensor {
  const [actions, tokens] = [size(action, 0), tokenCount(encoder)];
  const everywhere = Int32Array.from({ length: actions * tokens }, (_, i) => i % tokens);
  return scope('predictor', () =>
    predict(
      expand(context, [actions, size(context, 1), encoder.width]),
      action,
      {
        predicted: constant(everywhere, { dtype: 'int32', shape: [actions, tokens] }),
        ...(visible === undefined ? {} : { visible }),
      },
      unpack(layouts({ encoder, predictor }).predictor, weights) as Predictor<Tensor>,
      predictor,
      encoder,
    ),
  );
}

/** Predictions of all positions for K actions [K, 7] from one clean image [1, 3, h, w]: [K, N, `targetWidth`]. */
export function traceAnswers(config: EvaluatorConfig, actions: number) {
  const parts = layouts(config.model);
  const specs = {
    image: spec([1, 3, config.image.height, config.image.width]),
    action: spec([actions, actionSize]),
    weights: { encoder: flatSpecs(parts.encoder), predictor: flatSpecs(parts.predictor) },
  };
  return trace('answers', specs, (inputs) => {
    const weights = inputs.weights as unknown as { encoder: Flat<Tensor>; predictor: Flat<Tensor> };
    const context = contextOf(inputs.image as Tensor, weights.encoder, config);
    return { answers: predictionsOf(context, inputs.action as Tensor, weights.predictor, config) };
  });
}

/**
 * Latents of one image [1, 3, h, w], which {@link tracePredictions} takes: [1, N, D].
 * @param seen of how many patches, [1, V, D]; of all where absent
 */
export function traceContext(config: EvaluatorConfig, seen?: number) {
  const specs = {
    image: spec([1, 3, config.image.height, config.image.width]),
    ...visibleSpec(1, seen),
    weights: flatSpecs(layouts(config.model).encoder) as Flat<Spec>,
  };
  return trace('context', specs, ({ image, visible, weights }) => ({
    context: contextOf(image as Tensor, weights as Flat<Tensor>, config, visible as Tensor | undefined),
  }));
}

/** {@link traceAnswers} from the image's latents [1, N, D], or [1, V, D]. @param seen as in {@link traceContext} */
export function tracePredictions(config: EvaluatorConfig, actions: number, seen?: number) {
  const { encoder } = config.model;
  const specs = {
    context: spec([1, seen ?? tokenCount(encoder), encoder.width]),
    action: spec([actions, actionSize]),
    ...visibleSpec(1, seen),
    weights: flatSpecs(layouts(config.model).predictor) as Flat<Spec>,
  };
  return trace('predictions', specs, ({ context, action, visible, weights }) => ({
    answers: predictionsOf(
      context as Tensor,
      action as Tensor,
      weights as Flat<Tensor>,
      config,
      visible as Tensor | undefined,
    ),
  }));
}

/** What is to be predicted of C versions of one image [1, 3, h, w], see {@link versionLatents}. */
export function traceVersions(config: EvaluatorConfig, count: number) {
  const { encoder } = config.model;
  const specs = {
    image: spec([1, 3, config.image.height, config.image.width]),
    parameters: parameterSpecs(jitterNames, encoder.image, count) as Parameters<Spec>,
    weights: flatSpecs(layouts(config.model).encoder) as Flat<Spec>,
  };
  return trace('versions', specs, ({ image, parameters, weights }) => ({
    latents: versionLatents(
      image as Tensor,
      parameters as Parameters<Tensor>,
      weights as Flat<Tensor>,
      count,
      config,
    ),
  }));
}

/** Mean-pooled latents of whole images after transformations (none named: as they are): [B, 3, h, w] → [B, D]. */
export function traceFeatures(config: EvaluatorConfig, batch: number, names: typeof allNames = []) {
  const { encoder } = config.model;
  const parts = layouts(config.model);
  const specs = {
    images: spec([batch as Dim, 3, config.image.height, config.image.width]),
    parameters: parameterSpecs(names, encoder.image, batch) as Parameters<Spec>,
    weights: flatSpecs(parts.encoder) as Flat<Spec>,
  };
  return trace('features', specs, ({ images, parameters, weights }) => {
    const views = normalise(
      transform(whole(images as Tensor, config), parameters as Parameters<Tensor>),
      config.normalisation,
    );
    const target = unpack(parts.encoder, weights as Flat<Tensor>) as Encoder<Tensor>;
    return {
      features: mean(
        scope('target', () => encode(views, target, encoder)),
        [1],
      ),
    };
  });
}

/** Cosine similarity of feature vectors: asked [A, D], bank [M, D] → [A, M]. */
export function traceCosine(asked: number, bank: number, width: number) {
  return trace('cosine', { asked: spec([asked, width]), bank: spec([bank, width]) }, (inputs) => ({
    similarity: matmul(normalised(inputs.asked as Tensor), transposeLast(normalised(inputs.bank as Tensor))),
  }));
}

/** One image [1, 3, h, w] after transformations, at its own size, as people see it. */
export function traceRender({ image }: EvaluatorConfig, names: readonly TransformationName[]) {
  const specs = {
    image: spec([1, 3, image.height, image.width]),
    parameters: parameterSpecs(names, image.height, 1) as Parameters<Spec>,
  };
  return trace('render', specs, (inputs) => ({
    pixels: transform(inputs.image as Tensor, inputs.parameters as Parameters<Tensor>),
  }));
}
