import { UserError } from '../errors.js';
import { type Random, random } from '../random.js';

/** Patches of an image: token number = row · columns + column. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** The rectangles whose union is masked: how many, area as a fraction of the grid's, height / width. */
export interface RectangleConfig {
  readonly rectangles: number;
  readonly scale: readonly [number, number];
  readonly aspect: readonly [number, number];
}

/** What makes the numbers of tokens, which are constants of a run, so that shapes are static. */
export interface MaskCounts {
  /** Tokens of the source that the encoder sees. */
  readonly visible: number;
  /** Masked tokens that the predictor predicts. */
  readonly predicted: number;
  /**
   * The share of the visible tokens that it predicts too, 0 … 1 (V-JEPA 2.1's loss on visible tokens, without its weights). In use all tokens are
   * seen and asked for; a predictor that was only asked for what it does not see does not look at what it does.
   */
  readonly predictedVisible: number;
}

const visibleAsked = ({ visible, predictedVisible }: MaskCounts): number =>
  Math.round(predictedVisible * visible);

/** Tokens that the predictor is asked for, masked and visible. */
export const askedTokens = (counts: MaskCounts): number => counts.predicted + visibleAsked(counts);

/** Token positions, ascending. */
export interface Masks {
  readonly visible: Int32Array;
  /** Masked ones, and a share of the visible. */
  readonly predicted: Int32Array;
}

/** The paper's mask: the union of 4 rectangles of 15–20 % of the image, aspect ratio .75–1.5 (I-JEPA's ranges). */
export const paperRectangles: RectangleConfig = { rectangles: 4, scale: [0.15, 0.2], aspect: [0.75, 1.5] };

const MASKED = 1;
const PREDICTED = 2;

/**
 * The tokens to see and to predict. A union of random rectangles is masked, then brought to the run's counts:
 * - more masked than `predicted`: random ones of them are neither seen nor predicted;
 * - fewer: the union grows by random neighbours (up, down, left, right) until they suffice;
 * - the visible ones are a random choice among what is not masked; where those are too few, random masked ones
 *   that are not predicted become visible;
 * - a random choice of the visible is predicted too.
 * @throws UserError when the counts do not fit the grid
 */
export function sampleMasks(random: Random, grid: Grid, config: MaskCounts & RectangleConfig): Masks {
  checkMaskCounts(grid, config);
  const tokens = grid.rows * grid.columns;
  const state = new Uint8Array(tokens);
  maskRectangles(state, random, grid, config);
  grow(state, random, grid, config.predicted);

  const predicted = choose(random, where(state, MASKED), config.predicted);
  for (const token of predicted) state[token] = PREDICTED;
  const free = where(state, 0);
  const visible = choose(random, free, Math.min(free.length, config.visible));
  const returned = choose(random, where(state, MASKED), config.visible - visible.length);
  const seen = Int32Array.from([...visible, ...returned]).sort();
  const both = choose(random, seen, visibleAsked(config));
  return { visible: seen, predicted: Int32Array.from([...predicted, ...both]).sort() };
}

/** Refuses counts of tokens that a grid cannot hold. @throws UserError */
export function checkMaskCounts(
  { rows, columns }: Grid,
  { visible, predicted }: Pick<MaskCounts, 'visible' | 'predicted'>,
): void {
  const whole = [visible, predicted].every((count) => Number.isInteger(count) && count >= 1);
  if (!whole || visible + predicted > rows * columns)
    throw new UserError(
      `masks: ${visible} visible and ${predicted} predicted tokens do not fit a grid of ${rows} × ${columns};` +
        ` both must be at least 1 and their sum at most ${rows * columns}`,
      2,
    );
}

/**
 * Counts that suit a grid: measured over 1000 drawn unions, `predicted` is the lower quartile of their sizes and
 * `visible` the lower quartile of what they leave, so three masks in four need no filling. For the paper's
 * rectangles the union covers about half of the grid (1 − (1 − .175)⁴ ≈ .54, less what rectangles near the
 * centre share).
 */
export function defaultMaskCounts(
  grid: Grid,
  config: RectangleConfig = paperRectangles,
): Pick<MaskCounts, 'visible' | 'predicted'> {
  const tokens = grid.rows * grid.columns;
  const sizes = Int32Array.from({ length: 1000 }, (_, draw) => {
    const state = new Uint8Array(tokens);
    maskRectangles(state, random(0, draw), grid, config);
    return where(state, MASKED).length;
  }).sort();
  return {
    visible: Math.max(1, tokens - (sizes[750] ?? 0)),
    predicted: Math.max(1, Math.min(sizes[250] ?? 0, tokens - 1)),
  };
}

function maskRectangles(
  state: Uint8Array,
  random: Random,
  { rows, columns }: Grid,
  config: RectangleConfig,
): void {
  for (let drawn = 0; drawn < config.rectangles; drawn++) {
    const area = rows * columns * random.between(config.scale[0], config.scale[1]);
    const aspect = random.between(config.aspect[0], config.aspect[1]);
    const height = Math.min(rows, Math.max(1, Math.round(Math.sqrt(area * aspect))));
    const width = Math.min(columns, Math.max(1, Math.round(Math.sqrt(area / aspect))));
    const top = random.integer(rows - height + 1);
    const left = random.integer(columns - width + 1);
    for (let row = top; row < top + height; row++)
      state.fill(MASKED, row * columns + left, row * columns + left + width);
  }
}

/** Masks random neighbours of masked tokens until at least `count` are masked. */
function grow(state: Uint8Array, random: Random, { rows, columns }: Grid, count: number): void {
  for (let missing = count - where(state, MASKED).length; missing > 0; missing--) {
    const border = where(state, 0).filter((token) => {
      const column = token % columns;
      return (
        (token >= columns && state[token - columns] === MASKED) ||
        (token < (rows - 1) * columns && state[token + columns] === MASKED) ||
        (column > 0 && state[token - 1] === MASKED) ||
        (column < columns - 1 && state[token + 1] === MASKED)
      );
    });
    for (const token of choose(random, border, 1)) state[token] = MASKED;
  }
}

/** The tokens in the given state, ascending. */
function where(state: Uint8Array, wanted: number): Int32Array {
  const found = new Int32Array(state.length);
  let count = 0;
  state.forEach((value, token) => {
    if (value === wanted) found[count++] = token;
  });
  return found.subarray(0, count);
}

/** A random choice of `count` of the tokens. */
function choose(random: Random, tokens: Int32Array, count: number): Int32Array {
  return random.shuffle(tokens.slice()).slice(0, count);
}
