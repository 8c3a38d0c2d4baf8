import { mean, mul, scope, sub, type Tensor } from '../tensor/index.js';
import { type Encoder, type EncoderConfig, encode } from './encoder.js';
import { type Predictor, type PredictorConfig, predict } from './predictor.js';
import { targetLatents } from './target-latents.js';

/** Sizes of encoder and predictor. */
export interface ModelConfig {
  readonly encoder: EncoderConfig;
  readonly predictor: PredictorConfig;
}

/** What a world model is made of. The target encoder is an average of past encoders and gets no gradient. */
export interface Model<T> {
  readonly encoder: Encoder<T>;
  readonly predictor: Predictor<T>;
  readonly target: Encoder<T>;
}

/** One batch of pairs of views and what leads from source to target. */
export interface Pair {
  /** [B, 3, S, S], normalised. */
  readonly source: Tensor;
  readonly target: Tensor;
  /** [B, 7] */
  readonly action: Tensor;
  /** int32 [B, V] and [B, P] */
  readonly visible: Tensor;
  readonly predicted: Tensor;
}

/** What is to be predicted: the target encoder's latents of the whole target view, see {@link targetLatents}. [B, P, D] */
export function targets({ target, predicted }: Pair, model: Model<Tensor>, config: ModelConfig): Tensor {
  return scope('target', () => targetLatents(target, model.target, config.encoder, predicted));
}

/** The predictor's answer, from the visible tokens of the source view and the action. [B, P, D] */
export function predictions(
  { source, action, visible, predicted }: Pair,
  model: Model<Tensor>,
  config: ModelConfig,
): Tensor {
  const context = scope('encoder', () => encode(source, model.encoder, config.encoder, visible));
  return scope('predictor', () =>
    predict(context, action, { visible, predicted }, model.predictor, config.predictor, config.encoder),
  );
}

/** Squared error, averaged over masked tokens and features: L = mean ‖p(f(x), a) − f̄(y)‖². A scalar. */
export function objective(pair: Pair, model: Model<Tensor>, config: ModelConfig): Tensor {
  const error = sub(predictions(pair, model, config), targets(pair, model, config));
  return mean(mul(error, error));
}
