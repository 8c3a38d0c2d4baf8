import type { TransformationName } from '../world-model/index.js';
import { jitterNames } from './bank.js';
import type { EvaluatorConfig } from './programs.js';
import type { Retrieval, Retriever, RgbImage } from './retrieval.js';

/** What is retrieved as one jitter goes from low to high. */
export interface SweptJitter {
  readonly name: TransformationName;
  /** With the action's component: a difference of factors, hue in circles. */
  readonly cells: readonly (Retrieval & { readonly value: number })[];
}

/** What a predictor answers for one image as each jitter sweeps from low to high (the paper's Figure 1). */
export interface Sweep {
  readonly original: RgbImage;
  readonly rows: readonly SweptJitter[];
}

/** Where a sweep stops, as shares of the way to the lowest and the highest value drawn in training. */
const STOPS = [-1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3, 1];

/** The values a sweep of one jitter stops at: actions relative to the clean image, within what training draws. */
export function stops(augmentation: EvaluatorConfig['augmentation'], name: TransformationName): number[] {
  const strength = augmentation.jitter[name as 'hue'] * augmentation.strength;
  // As in training, factors end at 0 and hue at half a circle.
  const limit = name === 'hue' ? 0.5 : 1;
  return STOPS.map((share) => share * (share < 0 || name === 'hue' ? Math.min(limit, strength) : strength));
}

/** What is retrieved as one jitter goes from low to high. */
export async function sweepJitter(
  retriever: Retriever,
  augmentation: EvaluatorConfig['augmentation'],
  name: TransformationName,
): Promise<SweptJitter> {
  const values = stops(augmentation, name);
  const found = await retriever.retrieve(values.map((value) => ({ [name]: value })));
  return { name, cells: found.map((cell, i) => ({ ...cell, value: values[i] as number })) };
}

/** What is retrieved as each jitter goes from low to high. */
export async function sweepJitters(
  retriever: Retriever,
  augmentation: EvaluatorConfig['augmentation'],
): Promise<SweptJitter[]> {
  const rows: SweptJitter[] = [];
  for (const name of jitterNames) rows.push(await sweepJitter(retriever, augmentation, name));
  return rows;
}
