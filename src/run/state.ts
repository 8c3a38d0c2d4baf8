import { type Flat, trainedPart } from '../nn/index.js';
import type { Layouts, ModelWeights } from '../world-model/index.js';
import type { Section } from './named-tensors.js';

/** The parts that are trained; of the encoder, the groups that are. */
export type Trainable<T> = { readonly encoder: Flat<T>; readonly predictor: Flat<T> };

/** All that a step carries to the next. */
export interface State<T> {
  readonly weights: Trainable<T>;
  readonly mean: Trainable<T>;
  readonly variance: Trainable<T>;
  /** Of the target encoder, the groups that are trained; in all others it is the encoder itself. */
  readonly target: Flat<T>;
}

/** The weights of a model by their names on disk: encoder, predictor, target_encoder. */
export function weightSections({ encoder, predictor, target }: ModelWeights, layouts: Layouts): Section[] {
  return [
    { prefix: 'encoder', layout: layouts.encoder, flat: encoder },
    { prefix: 'predictor', layout: layouts.predictor, flat: predictor },
    { prefix: 'target_encoder', layout: layouts.encoder, flat: target },
  ];
}

/** Everything to go on from by its names on disk: weights that are trained, and the optimiser's moments. */
export function stateSections(state: State<Float32Array>, layouts: Layouts): Section[] {
  const trained = { ...layouts, encoder: trainedPart(layouts.encoder) };
  const moments = (name: string, { encoder, predictor }: Trainable<Float32Array>): Section[] => [
    { prefix: `optimiser.${name}.encoder`, layout: trained.encoder, flat: encoder },
    { prefix: `optimiser.${name}.predictor`, layout: trained.predictor, flat: predictor },
  ];
  return [
    ...weightSections({ ...state.weights, target: state.target }, trained),
    ...moments('mean', state.mean),
    ...moments('variance', state.variance),
  ];
}
