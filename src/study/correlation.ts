import { quantile, sampleRankCorrelation } from 'simple-statistics';
import { random } from '../random.js';

/** How alike the orders of two lists of numbers are. */
export interface Correlation {
  /** Spearman's rank correlation, −1 … 1. */
  readonly value: number;
  /** Its 95 % interval, by the bootstrap's percentiles. */
  readonly low: number;
  readonly high: number;
}

const SAMPLES = 2000;

/** @returns undefined for fewer than four pairs, or where one of the lists is constant */
export function rankCorrelation(pairs: readonly (readonly [number, number])[]): Correlation | undefined {
  const of = (sample: typeof pairs): number =>
    sampleRankCorrelation(
      sample.map(([x]) => x),
      sample.map(([, y]) => y),
    );
  if (pairs.length < 4) return undefined;
  const value = of(pairs);
  if (!Number.isFinite(value)) return undefined;
  const draw = random(0);
  const drawn = Array.from({ length: SAMPLES }, () =>
    of(pairs.map(() => pairs[draw.integer(pairs.length)] as readonly [number, number])),
  ).filter(Number.isFinite);
  return { value, low: quantile(drawn, 0.025), high: quantile(drawn, 0.975) };
}
