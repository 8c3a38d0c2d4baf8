import type { Split } from './splits.js';

/** A sample that cannot be read. */
export interface BadSample {
  /** Its file, or file and row or member. */
  readonly sample: string;
  readonly reason: string;
}

/** Square RGB images, decoded once. */
export interface ImageSet {
  /** As the person gave it. */
  readonly source: string;
  /** What was in fact read; "all" where several sources are of different splits. */
  readonly split: Split;
  /** One line for people. */
  readonly description: string;
  /** What was found in the sources and is not used, or was guessed: a sentence each. */
  readonly notes: readonly string[];
  readonly length: number;
  /** Side in pixels: the shorter side is resized to it and the middle kept, or both are (`stretched`). */
  readonly size: number;
  readonly classes: readonly string[] | undefined;
  /** Class of each image, −1 where it has none; undefined where no image has one, or sources have different classes. */
  readonly labels: Int32Array | undefined;
  /**
   * Images as float32 [n, 3, size, size] in 0..1; waits until they are decoded.
   * @throws UserError naming the first file, row or member that is no image
   * @throws RangeError for an index that is none
   */
  batch(indices: ArrayLike<number>): Promise<Float32Array>;
  /** Waits until the images are decoded; gives those that cannot be, by index. @throws RangeError as `batch` */
  bad(indices: ArrayLike<number>): Promise<ReadonlyMap<number, BadSample>>;
  /** What messages call an image: its file, or file and row or member. @throws RangeError as `batch` */
  name(index: number): string;
  /**
   * A digest of each image's pixels as they are here, 16 hexadecimal digits: at one size and fit an image has the same in
   * whatever source and under whatever name it lies, others have others. A lossless copy in another format has the
   * same too, unless its format is one that is scaled while it is decoded (JPEG, WebP). Waits until they are decoded.
   * @throws as `batch`
   */
  digests(indices: ArrayLike<number>): Promise<readonly string[]>;
  /** The order in which images will be wanted (all, from the first), after those wanted already: decoding runs ahead. */
  prefetch(order?: ArrayLike<number>): void;
  /** The images at `indices`, sharing the decoded pixels. */
  subset(indices: Int32Array): ImageSet;
  /** Ends decoding; of this set and of all its subsets. */
  close(): Promise<void>;
}

/** What was read, in one line, and in a line each what is not used of it or was guessed. */
export function describeImages({ description, notes }: Pick<ImageSet, 'description' | 'notes'>): string {
  return [description, ...notes.map((note) => `  note: ${note}`)].join('\n');
}
