import { percent } from '../words.js';

/** Between which two shares, 0 … 1, a true share lies. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Standard normal deviate of a two-sided 95 %. */
const Z = 1.959963984540054;

/**
 * Wilson's 95 % interval of a share: unlike a standard error it is not 0 where all, or none, of a few are right.
 * @param right of those asked
 * @param asked ≥ 1
 */
export function wilson(right: number, asked: number): Interval {
  const share = right / asked;
  const shrink = 1 + Z ** 2 / asked;
  const middle = (share + Z ** 2 / (2 * asked)) / shrink;
  const half = (Z / shrink) * Math.sqrt((share * (1 - share)) / asked + Z ** 2 / (4 * asked ** 2));
  // Rounding must not leave 0 … 1.
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** A share and its interval: `93.8 % (71.7–98.9)`. */
export function describeShare(share: number, { low, high }: Interval): string {
  const bare = (value: number): string => (100 * value).toFixed(1);
  return `${percent(share)} (${bare(low)}–${bare(high)})`;
}
