import type { Random } from '../random.js';
import type { Tensor } from '../tensor/index.js';
import { separable } from './geometry.js';
import { brightness, contrast, grayscale, hue, saturation, solarize } from './photometric.js';

/** How views are made. Strengths, ranges and probabilities; the defaults are {@link paperAugmentation}. */
export interface AugmentationConfig {
  /** Multiplies the four jitter strengths; 1 is the paper's, 0 leaves colours alone. */
  readonly strength: number;
  /** The four jitters happen together, with one probability per view. */
  readonly jitter: {
    readonly probability: number;
    readonly brightness: number;
    readonly contrast: number;
    readonly saturation: number;
    /** In full circles. */
    readonly hue: number;
  };
  /** Probability that the source is grey. */
  readonly grayscale: number;
  /** Probability that the source is blurred, and the range of the standard deviation in pixels of the view. */
  readonly blur: { readonly probability: number; readonly sigma: readonly [number, number] };
  /** Probability that the source is solarized. */
  readonly solarize: number;
  /** The crop shared by both views: range of area, range of width / height, probability of a horizontal flip. */
  readonly crop: {
    readonly scale: readonly [number, number];
    readonly ratio: readonly [number, number];
    readonly flip: number;
  };
}

/** The paper's augmentation; its crop scale is not published, .3–1 is ours. */
export const paperAugmentation: AugmentationConfig = {
  strength: 1,
  jitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 },
  grayscale: 0.2,
  blur: { probability: 0.2, sigma: [0.1, 2] },
  solarize: 0.2,
  crop: { scale: [0.3, 1], ratio: [3 / 4, 4 / 3], flip: 0.5 },
};

/** The parameter of every transformation a view went through; one that was not applied has its identity value. */
export interface ViewParameters {
  /** Factor, 1 is the identity. */
  readonly brightness: number;
  /** Factor, 1 is the identity. */
  readonly contrast: number;
  /** Factor, 1 is the identity. */
  readonly saturation: number;
  /** Turn in full circles, 0 is the identity. */
  readonly hue: number;
  /** 1: grey, 0: not. */
  readonly grayscale: number;
  /** Standard deviation in pixels of the view, 0 is the identity. */
  readonly blur: number;
  /** 1: solarized, 0: not. */
  readonly solarize: number;
}

export type TransformationName = keyof ViewParameters;

/** A row of the table: all there is to know about one transformation. */
export interface Transformation {
  readonly name: TransformationName;
  /** `jitter` may happen to both views; `destructive` to the source only, as the target must keep its information. */
  readonly kind: 'jitter' | 'destructive';
  /** The parameter that changes nothing. */
  readonly identity: number;
  /** The chance that a view goes through it. */
  readonly probability: (config: AugmentationConfig) => number;
  /** The parameters that a view that goes through it may have: smallest and largest. */
  readonly range: (config: AugmentationConfig) => readonly [number, number];
  /** A parameter, given that the view goes through it. */
  readonly sample: (random: Random, config: AugmentationConfig) => number;
  /** Its number in the action from a source to a target. */
  readonly action: (source: number, target: number) => number;
  /**
   * Its effect on images [B, 3, S, S] in 0..1. The parameter is [B, 1, 1, 1], for blur the blurring matrices
   * [B, 1, S, S] that {@link ViewParameters.blur} stands for.
   */
  readonly apply: (image: Tensor, parameter: Tensor) => Tensor;
}

/** A jitter: the action is the difference of the parameters in units of the paper's strength. */
function jitter(
  name: 'brightness' | 'contrast' | 'saturation' | 'hue',
  paperStrength: number,
  identity: number,
  bounds: readonly [number, number],
  apply: Transformation['apply'],
): Transformation {
  const range: Transformation['range'] = (config) => {
    const strength = config.jitter[name] * config.strength;
    return [Math.max(bounds[0], identity - strength), Math.min(bounds[1], identity + strength)];
  };
  return {
    name,
    kind: 'jitter',
    identity,
    probability: (config) => config.jitter.probability,
    range,
    sample: (random, config) => random.between(...range(config)),
    action: (source, target) => (target - source) / paperStrength,
    apply,
  };
}

/** A destructive transformation: the action is a flag, 1 where the source went through it. */
function destructive(
  name: 'grayscale' | 'blur' | 'solarize',
  probability: Transformation['probability'],
  range: Transformation['range'],
  sample: Transformation['sample'],
  apply: Transformation['apply'],
): Transformation {
  const action: Transformation['action'] = (source) => (source === 0 ? 0 : 1);
  return { name, kind: 'destructive', identity: 0, probability, range, sample, action, apply };
}

const flag: Transformation['range'] = () => [1, 1];
const flagged = (): number => 1;

/** Every transformation between views, in the order in which they are applied and enter the action. */
export const transformations: readonly Transformation[] = [
  jitter('brightness', 0.4, 1, [0, Infinity], brightness),
  jitter('contrast', 0.4, 1, [0, Infinity], contrast),
  jitter('saturation', 0.2, 1, [0, Infinity], saturation),
  jitter('hue', 0.1, 0, [-0.5, 0.5], hue),
  destructive('grayscale', (config) => config.grayscale, flag, flagged, grayscale),
  destructive(
    'blur',
    (config) => config.blur.probability,
    (config) => config.blur.sigma,
    (random, config) => random.between(config.blur.sigma[0], config.blur.sigma[1]),
    (image, kernel) => separable(image, kernel, kernel),
  ),
  destructive('solarize', (config) => config.solarize, flag, flagged, solarize),
];

/** One number for each transformation. */
export function byTransformation(value: (row: Transformation) => number): ViewParameters {
  const numbers: Partial<Record<TransformationName, number>> = {};
  for (const row of transformations) numbers[row.name] = value(row);
  return numbers as ViewParameters;
}

/** A view that went through nothing. */
export const identityParameters: ViewParameters = byTransformation((row) => row.identity);

/** The parameters of a colour-jittered version of an image: all four jitters applied, nothing destructive. */
export function sampleJitter(random: Random, config: AugmentationConfig): ViewParameters {
  return byTransformation((row) => (row.kind === 'jitter' ? row.sample(random, config) : row.identity));
}

/**
 * The parameters of one view of a pair. The four jitters are applied together or not at all; the target goes
 * through nothing destructive. Every number is drawn whether used or not, so changing a probability or a
 * strength changes nothing else.
 * @param random a stream of this view's own
 */
export function sampleParameters(
  random: Random,
  config: AugmentationConfig,
  view: 'source' | 'target',
): ViewParameters {
  const jitterChance = random.next();
  return byTransformation((row) => {
    const chance = row.kind === 'jitter' ? jitterChance : random.next();
    const parameter = row.sample(random, config);
    const allowed = row.kind === 'jitter' || view === 'source';
    return allowed && chance < row.probability(config) ? parameter : row.identity;
  });
}
