import { type Flat, type Layout, layout, type ParameterSpec } from '../nn/index.js';
import { type Encoder, encoderSpec } from './encoder.js';
import type { ModelConfig } from './objective.js';
import { type Predictor, predictorSpec } from './predictor.js';

/** Where the parameters of encoder and predictor lie. */
export interface Layouts {
  readonly encoder: Layout<Encoder<ParameterSpec>>;
  readonly predictor: Layout<Predictor<ParameterSpec>>;
}

/** The layouts of a model's parameters. */
export function layouts(model: ModelConfig): Layouts {
  return {
    encoder: layout(encoderSpec(model.encoder)),
    predictor: layout(predictorSpec(model.predictor, model.encoder)),
  };
}

/** Weights of a trained model as flat vectors. */
export interface ModelWeights {
  readonly encoder: Flat<Float32Array>;
  readonly predictor: Flat<Float32Array>;
  readonly target: Flat<Float32Array>;
}
