import { UserError } from '../errors.js';

/** A data set without the split that is wanted. */
export class MissingSplit extends UserError {}

/** Which part of a data set is meant. */
export type Split = 'train' | 'validation' | 'test' | 'all';

/** Where the images of a tar file lie. */
export interface TarShard {
  readonly path: string;
  /** Whether it is gzipped, so that it has to be unpacked whole. */
  readonly packed: boolean;
  /** Number of images. */
  readonly rows: number;
  /** Member, offset in the unpacked tar, and bytes of each. */
  readonly names: readonly string[];
  readonly offsets: Float64Array;
  readonly sizes: Float64Array;
}

/** Where the pixels of one source come from; plain data, as it travels to the decoding thread. */
export type Pixels =
  | { readonly kind: 'synthetic'; readonly first: number; readonly count: number }
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  | {
      readonly kind: 'parquet';
      readonly files: readonly { readonly path: string; readonly rows: number }[];
      readonly column: string;
    }
  | { readonly kind: 'tar'; readonly files: readonly TarShard[] };

/** A class for every pixel of every image. */
export interface Masks {
  /** The mask of each image. */
  readonly pixels: Pixels;
  /** Names of the classes, where the data set tells them. */
  readonly classes: readonly string[] | undefined;
  /** The class of pixels that count for nothing, where the data set tells it. */
  readonly ignored: number | undefined;
}

/** A data set that has been looked at, not yet decoded. */
export interface Source {
  /** One line for people. */
  readonly description: string;
  readonly split: Split;
  readonly length: number;
  /** Class names, where there are labels. */
  readonly classes?: readonly string[] | undefined;
  readonly labels?: Int32Array | undefined;
  readonly pixels: Pixels;
  /** The masks, of a source for segmentation. @throws UserError naming an image without its mask */
  readonly masks?: () => Masks;
}

/** A sample that cannot be read. */
export interface BadSample {
  /** Its file, or file and row or member. */
  readonly sample: string;
  readonly reason: string;
}

const spellings = new Map<string, Split>([
  ['train', 'train'],
  ['validation', 'validation'],
  ['val', 'validation'],
  ['valid', 'validation'],
  ['test', 'test'],
]);

/** The split that a folder's name tells of. */
export function splitOfFolder(name: string): Split | undefined {
  return spellings.get(name.toLowerCase());
}

/** The split that a file's prefix (`train-00000-of-00001.parquet`) tells of. */
export function splitOfFile(name: string): Split | undefined {
  return spellings.get(/^[a-z]+/i.exec(name)?.[0].toLowerCase() ?? '');
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

/** `NAME: 45,000 images, 10 classes, split train`. */
export function describeSource(
  name: string,
  { length, classes, split }: Pick<Source, 'length' | 'classes' | 'split'>,
): string {
  const labels = classes ? `${classes.length} classes` : 'no labels';
  return `${name}: ${length.toLocaleString('en-US')} images, ${labels}, split ${split}`;
}
