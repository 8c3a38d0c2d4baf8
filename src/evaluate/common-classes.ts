import { numbersAmong, someOf, UNKNOWN } from '../data/class-numbers.js';
import type { ImageSet } from '../data/image-set.js';
import { count } from '../words.js';

/** Images of which some, or none, have a class. */
export type Classed = Pick<ImageSet, 'classes' | 'labels'>;

/** Labels of a bank and of the images that are asked, in the bank's numbering; below 0: none. */
export interface CommonClasses {
  readonly bank: Int32Array;
  readonly asked: Int32Array;
}

const NONE = -1;

/** The classes that occur, ascending. */
const occurring = ({ labels }: Classed): number[] =>
  [...new Set(labels)].filter((label) => label !== NONE).sort((a, b) => a - b);

const named = ({ classes = [] }: Classed, numbers: readonly number[]): string =>
  someOf(numbers.map((number) => classes[number] ?? String(number)));

/** Why a k-NN of these would tell nothing; undefined where it tells something. */
function vain(bank: Classed, asked: Classed, numbers: readonly number[]): string | undefined {
  const [known, found] = [occurring(bank), occurring(asked)];
  if (found.length === 0) return 'the images have no labels';
  if (known.length === 0) return 'its bank has no labels';
  if (known.length === 1)
    return `its bank has only one class, ${named(bank, known)}, the answer to whatever is asked`;
  if (found.every((label) => numbers[label] === UNKNOWN))
    return `no class of the images (${named(asked, found)}) is one of its bank's (${named(bank, known)})`;
  return undefined;
}

/**
 * What a k-NN can ask of images by a bank's labels. Classes are the same by name, else by number, whether or not there
 * are as many on both sides; images without a label, and those of a class that the bank lacks, are not asked.
 * @returns no labels where the answers would tell nothing; in a sentence each why, or what is left out
 */
export function commonClasses(
  bank: Classed,
  asked: Classed,
): { readonly labels?: CommonClasses; readonly notes: readonly string[] } {
  const present = new Set(bank.labels);
  const numbers = numbersAmong(bank.classes ?? [], asked.classes ?? []).map((number) =>
    present.has(number) ? number : UNKNOWN,
  );
  const why = vain(bank, asked, numbers);
  if (why !== undefined || bank.labels === undefined || asked.labels === undefined)
    return { notes: [`k-NN tells nothing: ${why}`] };
  const labels = asked.labels.map((label) => numbers[label] ?? NONE);
  const strange = occurring(asked).filter((label) => numbers[label] === UNKNOWN);
  const many = (set: Int32Array, number: number): number => set.filter((label) => label === number).length;
  const left: [number, string][] = [
    [many(labels, NONE), 'without a label, not asked'],
    [many(labels, UNKNOWN), `of classes that its bank lacks (${named(asked, strange)}), not asked`],
    [many(bank.labels, NONE), 'of its bank without a label, not searched'],
  ];
  const notes = left.flatMap(([of, what]) => (of > 0 ? [`k-NN: ${count(of, 'image')} ${what}`] : []));
  return { labels: { bank: bank.labels, asked: labels }, notes };
}
