import { UserError } from '../errors.js';
import { signed } from '../words.js';
import {
  byTransformation,
  type TransformationName,
  transformations,
  type ViewParameters,
} from './transformations.js';

/**
 * What leads from a source view to a target view. Jitters are differences, target − source, of the parameters
 * (a brightness of .3 relative to a clean image is the factor 1.3; hue is in full circles). Destructive ones say
 * what the *source* went through and the target did not. What is left out is 0.
 */
export interface Action {
  readonly brightness?: number;
  readonly contrast?: number;
  readonly saturation?: number;
  readonly hue?: number;
  /** 1: the source is grey. */
  readonly grayscale?: number;
  /** The standard deviation of the source's blur, in pixels of the view. */
  readonly blur?: number;
  /** 1: the source is solarized. */
  readonly solarize?: number;
}

/** The names of an action's components, in the order of its vector. */
export const actionNames: readonly TransformationName[] = transformations.map((row) => row.name);

/** How many numbers condition the predictor. */
export const actionSize = transformations.length;

/** The action from a view to itself, where nothing destructive happened; its vector is all zeros. */
export const nullAction: Action = {};

/**
 * The numbers that condition the predictor, [7]: differences of the jitter parameters, target − source, divided by
 * the paper's strengths (.4, .4, .2, .1), then a flag 0 or 1 for each destructive transformation of the source.
 * @param out written at `offset`, where given
 */
export function actionVector(
  source: ViewParameters,
  target: ViewParameters,
  out = new Float32Array(actionSize),
  offset = 0,
): Float32Array {
  transformations.forEach((row, component) => {
    out[offset + component] = row.action(source[row.name], target[row.name]);
  });
  return out;
}

/**
 * The action that a vector tells; of what destroyed the source only that it did is told, by 1.
 * @param vector [7], as from {@link actionVector}
 */
export function readAction(vector: ArrayLike<number>): Action {
  const entries = transformations.flatMap((row, component) => {
    const value = vector[component] ?? 0;
    if (row.kind === 'jitter')
      return [[row.name, value / row.action(row.identity, row.identity + 1)] as const];
    return value === 0 ? [] : [[row.name, 1] as const];
  });
  return Object.fromEntries(entries);
}

/** An action in words: `brightness +0.30, hue −0.10, undo blur`. */
export function describeAction(action: Action): string {
  const words = transformations.flatMap(({ name, kind }) => {
    const value = action[name] ?? 0;
    const change = signed(value);
    if (kind === 'destructive') return value === 0 ? [] : [`undo ${name}`];
    return Number(value.toFixed(2)) === 0 ? [] : [`${name} ${change}`];
  });
  return words.join(', ') || 'nothing changes';
}

/** What an action means, relative to a clean image. */
export interface AppliedAction {
  /** The view that the encoder sees: the clean image, or what destructive transformations left of it. */
  readonly source: ViewParameters;
  /** The view that the predictor is asked for: the clean image after the jitters. */
  readonly target: ViewParameters;
  /** What tells the predictor so, [7]. */
  readonly conditioning: Float32Array;
}

/**
 * Turns an action, relative to a clean image, into both views' parameters and the conditioning vector.
 * @throws UserError as {@link parseAction}
 */
export function applyAction(action: Action): AppliedAction {
  const checked = parseAction(action);
  const view = (kind: 'jitter' | 'destructive'): ViewParameters =>
    byTransformation((row) => row.identity + (row.kind === kind ? (checked[row.name] ?? 0) : 0));
  const source = view('destructive');
  const target = view('jitter');
  return { source, target, conditioning: actionVector(source, target) };
}

const limits: Record<
  TransformationName,
  { readonly allowed: (value: number) => boolean; readonly says: string }
> = {
  brightness: { allowed: (value) => value >= -1, says: 'a number from -1 up' },
  contrast: { allowed: (value) => value >= -1, says: 'a number from -1 up' },
  saturation: { allowed: (value) => value >= -1, says: 'a number from -1 up' },
  hue: { allowed: (value) => Math.abs(value) <= 0.5, says: 'between -0.5 and 0.5 (full circles)' },
  grayscale: { allowed: (value) => value === 0 || value === 1, says: '0 or 1' },
  blur: { allowed: (value) => value >= 0, says: 'a standard deviation from 0 up (pixels)' },
  solarize: { allowed: (value) => value === 0 || value === 1, says: '0 or 1' },
};

/**
 * Checks an action that came from outside, relative to a clean image.
 * @param value an object with any of the components; true and false count as 1 and 0
 * @throws UserError for an unknown name or a value out of range
 */
export function parseAction(value: unknown): Action {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UserError(`action: must be an object with any of ${actionNames.join(', ')}`, 2);
  const action: Partial<Record<TransformationName, number>> = {};
  for (const [key, given] of Object.entries(value)) {
    if (given === undefined) continue;
    const name = actionNames.find((known) => known === key);
    if (name === undefined)
      throw new UserError(`action: unknown transformation "${key}"; known are ${actionNames.join(', ')}`, 2);
    const number = typeof given === 'boolean' ? Number(given) : given;
    if (typeof number !== 'number' || !Number.isFinite(number) || !limits[name].allowed(number))
      throw new UserError(`action: ${name} is ${String(given)}; it must be ${limits[name].says}`, 2);
    action[name] = number;
  }
  return action;
}
