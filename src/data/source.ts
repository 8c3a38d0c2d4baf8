import { count } from '../words.js';
import type { Split } from './splits.js';

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

/** Images and their masks, in pairs. */
export interface MaskedPixels {
  readonly images: Pixels;
  /** Places among the images of those that have a mask, ascending. */
  readonly places: Int32Array;
  /** The mask of each of these. */
  readonly masks: Pixels;
}

/** A class for every pixel of images. */
export interface Masks {
  /** The mask of each image that has one. */
  readonly pixels: Pixels;
  /** Places of these images among the source's, ascending; absent where all have one. */
  readonly places?: Int32Array;
  /** Those of all splits, where there are several: classes that nobody names are counted over all. */
  readonly everywhere?: MaskedPixels;
  /** Names of the classes, where the data set tells them. */
  readonly classes: readonly string[] | undefined;
  /** The class of pixels that count for nothing, where the data set tells it. */
  readonly ignored: number | undefined;
}

/** The class of pixels that count for nothing where nobody says which it is. */
export const USUALLY_IGNORED = 255;

/** A data set that has been looked at, not yet decoded. */
export interface Source {
  /** One line for people. */
  readonly description: string;
  /** What was found there and is not used, or was guessed: a sentence each. */
  readonly notes?: readonly string[];
  readonly split: Split;
  readonly length: number;
  /** Class names, of all splits alike; undefined where no split has labels. */
  readonly classes?: readonly string[] | undefined;
  /** Class of each image, −1 where it has none; undefined where none has one. */
  readonly labels?: Int32Array | undefined;
  readonly pixels: Pixels;
  /**
   * The masks, of a source that has some.
   * @throws MissingSplit where this split has none of them
   * @throws UserError naming one that does not suit, or an image of which it is not clear which is its mask
   */
  readonly masks?: () => Masks;
}

/** `NAME: 45,000 images, 10 classes, split train`. @param of what the classes are, if not the images themselves; @param why there are no labels */
export function describeSource(
  name: string,
  { length, classes, split }: Pick<Source, 'length' | 'classes' | 'split'>,
  { of = '', why }: { readonly of?: string; readonly why?: string | undefined } = {},
): string {
  const labels = why ? `no labels (${why})` : classes ? `${classesIn(classes)}${of}` : 'no labels';
  return `${name}: ${count(length, 'image')}, ${labels}, split ${split}`;
}

const classesIn = ({ length }: readonly string[]): string => `${length} class${length === 1 ? '' : 'es'}`;
