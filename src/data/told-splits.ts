import { UserError } from '../errors.js';
import { basename } from './path-names.js';
import { type Split, splitIn } from './splits.js';

/** Whether a column of a table, or a key of a sample, may tell splits by its name. */
export const isSplitKey = (name: string): boolean =>
  /^(data[_ -]?)?(split|subset|partition|set)$/i.test(name);

/** What the contents of a file, not its name, tell of splits. */
export interface ToldSplits {
  readonly path: string;
  /** The split that the file is read as. */
  readonly readAs: Split;
  /** What in it tells them: `its column split`. */
  readonly by: string;
  /** How many images each split has by that; empty where it tells of none. */
  readonly images: ReadonlyMap<Split, number>;
}

/** Counts how often each split is meant; what tells of none counts for nothing. */
export function countSplits(values: Iterable<unknown>): Map<Split, number> {
  const images = new Map<Split, number>();
  for (const value of values) countSplit(value, images);
  return images;
}

/** Counts one more in `images`, if it tells of a split. */
export function countSplit(value: unknown, images: Map<Split, number>): void {
  const split = splitIn(value instanceof Uint8Array ? new TextDecoder().decode(value) : `${value}`);
  if (split !== undefined) images.set(split, (images.get(split) ?? 0) + 1);
}

/**
 * Refuses files whose contents are in several splits: they would be read as one, and all of it trained on.
 * @returns a sentence on each file that is read as another split than its contents tell
 * @throws UserError
 */
export function checkToldSplits(files: readonly ToldSplits[]): string[] {
  const firsts = new Map<Split, { readonly path: string; readonly told: Split }>();
  return files.flatMap(({ path, readAs, by, images }) => {
    const [told, another] = images.keys();
    if (told === undefined) return [];
    if (another !== undefined)
      throw new UserError(
        `${path}: in several splits by ${by} (${numbersOf(images)}), but a file is in one; write each into one of its own, named by it`,
      );
    const first = firsts.get(readAs) ?? { path, told };
    firsts.set(readAs, first);
    if (first.told !== told)
      throw new UserError(
        `${path}: ${told} by ${by}, but it would be read with ${first.path}, which is ${first.told}; name both by their splits, or list them under splits in a dataset.json`,
      );
    return told === readAs ? [] : [`${basename(path)} is ${told} by ${by}, but read as ${readAs}`];
  });
}

const numbersOf = (images: ReadonlyMap<Split, number>): string =>
  [...images].map(([split, number]) => `${number.toLocaleString('en-US')} ${split}`).join(', ');
