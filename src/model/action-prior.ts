import { purpose, random } from '../random.js';
import {
  type AugmentationConfig,
  actionSize,
  actionVector,
  sampleParameters,
  transformations,
  type ViewParameters,
} from '../world-model/index.js';

/** Which actions are likely: those between views as training draws them. All vectors are [7], as the predictor is told them. */
export interface ActionPrior {
  /** Some of them; always the same. */
  readonly draws: readonly Float32Array[];
  /** The numbers that can be another one than 0 and change little by little: jitters that training varies. */
  readonly varied: readonly number[];
  /** Minus the logarithm of how likely an action is, up to a constant. */
  cost(vector: Float32Array): number;
  /** Of the cost, by one of the varied numbers. */
  slope(vector: Float32Array, at: number): number;
}

/** A normal distribution for each jitter, of the deviation of `count` draws, and for each flag its share among them. */
export function actionPrior(augmentation: AugmentationConfig, count: number): ActionPrior {
  const draws = Array.from({ length: count }, (_, i) => {
    const draw = (view: 'source' | 'target', key: number): ViewParameters =>
      sampleParameters(random(0, i, key, purpose.jitter), augmentation, view);
    return actionVector(draw('source', 0), draw('target', 1));
  });
  const moment = (at: number): number =>
    draws.reduce((sum, vector) => sum + (vector[at] as number) ** 2, 0) / count;
  const moments = Float64Array.from({ length: actionSize }, (_, at) => moment(at));
  const isJitter = (at: number): boolean => transformations[at]?.kind === 'jitter';
  const varied = [...moments.keys()].filter((at) => isJitter(at) && (moments[at] as number) > 0);
  const costs = (value: number, at: number): number => {
    const square = moments[at] as number;
    if (isJitter(at)) return value === 0 ? 0 : value ** 2 / (2 * square);
    // A flag's second moment is its share.
    return -Math.log(value === 0 ? 1 - square : square);
  };
  return {
    draws,
    varied,
    cost: (vector) => vector.reduce((sum, value, at) => sum + costs(value, at), 0),
    slope: (vector, at) => (vector[at] as number) / (moments[at] as number),
  };
}
