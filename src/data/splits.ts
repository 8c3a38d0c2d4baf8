import { UserError } from '../errors.js';

/** The parts of a data set. */
export const splits = ['train', 'validation', 'test', 'all'] as const;
/** Which of them is meant. */
export type Split = (typeof splits)[number];

/** A data set without the split that is wanted. */
export class MissingSplit extends UserError {}

const vocabulary: Readonly<Record<Exclude<Split, 'all'>, readonly string[]>> = {
  train: ['train', 'training', 'trainset'],
  validation: ['validation', 'val', 'valid', 'validate', 'dev', 'devel', 'eval', 'evaluation', 'valset'],
  test: ['test', 'testing', 'testset'],
};
const splitByWord = new Map(
  Object.entries(vocabulary).flatMap(([split, words]) =>
    words.map((word) => [word, split as Split] as const),
  ),
);

/** The words of a name in small letters: runs of letters, parted also where a capital follows a small one. */
export function wordsOf(name: string): string[] {
  return name
    .split(/[^\p{L}]+|(?<=\p{Ll})(?=\p{Lu})/u)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}

/**
 * The split that a name tells of, wherever in it: `train`, `VAL2017`, `my-test_set`, `train-00000-of-00001.parquet`.
 * Undefined where it tells of none, or of two.
 */
export function splitIn(name: string): Split | undefined {
  const found = new Set(wordsOf(name).flatMap((word) => splitByWord.get(word) ?? []));
  const [split] = found;
  return found.size === 1 ? split : undefined;
}

/** Whether a name is a split's and nothing else: `train`, `Val_2017`; not `test_tube`. */
const isSplitName = (name: string): boolean => {
  const words = wordsOf(name);
  return words.length > 0 && words.every((word) => splitByWord.has(word)) && splitIn(name) !== undefined;
};

/**
 * Which of the names that lie in one folder are splits. A name that is nothing else always is; one that holds other
 * words too (`images_train`, `test_tube`) only beside another with the same words and another split (`images_val`).
 */
export function splitsAmong(names: readonly string[]): ReadonlyMap<string, Split> {
  const rest = (name: string): string =>
    wordsOf(name)
      .filter((word) => !splitByWord.has(word))
      .join(' ');
  const splitsByRest = new Map<string, Set<Split>>();
  for (const name of names) {
    const split = splitIn(name);
    if (split === undefined) continue;
    const splits = splitsByRest.get(rest(name)) ?? new Set();
    splitsByRest.set(rest(name), splits.add(split));
  }
  return new Map(
    names.flatMap((name) => {
      const split = splitIn(name);
      const isOne = isSplitName(name) || (splitsByRest.get(rest(name))?.size ?? 0) > 1;
      return split !== undefined && isOne ? [[name, split] as const] : [];
    }),
  );
}

/**
 * The split to read: the one that is wanted, else train, else the only one there is, else all.
 * @param present the splits of `name`; undefined stands for images that belong to none
 * @throws MissingSplit when the wanted one is missing
 */
export function chooseSplit(
  name: string,
  present: ReadonlySet<Split | undefined>,
  wanted: Split | undefined,
): Split {
  if (wanted === 'all' || (wanted !== undefined && present.has(wanted))) return wanted;
  const splits = [...present].filter((split) => split !== undefined);
  if (wanted !== undefined)
    throw new MissingSplit(
      `${name}: no ${wanted} split; ${splits.length > 0 ? `there are ${splits.join(', ')}` : 'it has no splits'}`,
    );
  if (present.has('train')) return 'train';
  return (present.size === 1 ? splits[0] : undefined) ?? 'all';
}

/**
 * Images that were not trained on where the sources say which, else what they have.
 * @param open opens a split of them, or what they have
 */
export async function openHeldOut<T>(open: (split: Split | undefined) => Promise<T>): Promise<T> {
  for (const split of ['validation', 'test'] as const) {
    try {
      return await open(split);
    } catch (error) {
      if (!(error instanceof MissingSplit)) throw error;
    }
  }
  return open(undefined);
}
