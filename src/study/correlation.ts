import { quantile, sampleRankCorrelation } from 'simple-statistics';
import { random } from '../random.js';

/** How alike the orders of two lists of numbers are. */
export interface Correlation {
  /** Spearman's rank correlation, −1 … 1. */
  readonly value: number;
  /** Its 95 % interval, by the bootstrap's percentiles over models. */
  readonly low: number;
  readonly high: number;
}

const SAMPLES = 2000;

type Pair = readonly [number, number];

/**
 * Over the pairs of all models. The bootstrap draws models, each with its pairs, as seeds of one model tell less than
 * as many models would.
 * @param models each one's pairs, one a seed
 * @returns undefined for fewer than four models, or where one of the lists is constant
 */
export function rankCorrelation(models: readonly (readonly Pair[])[]): Correlation | undefined {
  const of = (sample: typeof models): number => {
    const pairs = sample.flat();
    return sampleRankCorrelation(
      pairs.map(([x]) => x),
      pairs.map(([, y]) => y),
    );
  };
  if (models.length < 4) return undefined;
  const value = of(models);
  if (!Number.isFinite(value)) return undefined;
  const draw = random(0);
  const drawn = Array.from({ length: SAMPLES }, () =>
    of(models.map(() => models[draw.integer(models.length)] ?? [])),
  ).filter(Number.isFinite);
  return { value, low: quantile(drawn, 0.025), high: quantile(drawn, 0.975) };
}
