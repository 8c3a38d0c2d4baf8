import type { Flat } from '../nn/index.js';
import type { Layouts } from '../world-model/index.js';
import type { Section } from './named-tensors.js';

/** The parts that are trained. */
export type Trainable<T> = { readonly encoder?: Flat<T>; readonly predictor: Flat<T> };

/** All that a step carries to the next. With a frozen encoder only the predictor is in it. */
export interface State<T> {
  readonly weights: Trainable<T>;
  readonly mean: Trainable<T>;
  readonly variance: Trainable<T>;
  /** Target encoder; absent where the encoder is frozen (it is then the encoder itself). */
  readonly target?: Flat<T>;
}

/** The weights of a state by their names on disk: encoder, predictor, target_encoder. */
export function weightSections(
  { weights, target }: Pick<State<Float32Array>, 'weights' | 'target'>,
  layouts: Layouts,
  frozenEncoder?: Flat<Float32Array>,
): Section[] {
  const encoder = weights.encoder ?? frozenEncoder;
  const average = target ?? frozenEncoder;
  return [
    ...(encoder === undefined ? [] : [{ prefix: 'encoder', layout: layouts.encoder, flat: encoder }]),
    { prefix: 'predictor', layout: layouts.predictor, flat: weights.predictor },
    ...(average === undefined ? [] : [{ prefix: 'target_encoder', layout: layouts.encoder, flat: average }]),
  ];
}

/** Everything to go on from by its names on disk: weights and the optimiser's moments. */
export function stateSections(state: State<Float32Array>, layouts: Layouts): Section[] {
  const moments = (name: string, { encoder, predictor }: Trainable<Float32Array>): Section[] => [
    ...(encoder === undefined
      ? []
      : [{ prefix: `optimiser.${name}.encoder`, layout: layouts.encoder, flat: encoder }]),
    { prefix: `optimiser.${name}.predictor`, layout: layouts.predictor, flat: predictor },
  ];
  return [
    ...weightSections(state, layouts),
    ...moments('mean', state.mean),
    ...moments('variance', state.variance),
  ];
}
