/** Which part of a data set is meant. */
export type Split = 'train' | 'validation' | 'test' | 'all';

/** Where the pixels of one source come from; plain data, as it travels to the decoding thread. */
export type Pixels =
  | { readonly kind: 'synthetic'; readonly first: number; readonly count: number }
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  | {
      readonly kind: 'parquet';
      readonly files: readonly { readonly path: string; readonly rows: number }[];
      readonly column: string;
    };

/** A data set that has been looked at, not yet decoded. */
export interface Source {
  /** One line for people. */
  readonly description: string;
  readonly split: Split;
  readonly length: number;
  /** Class names, where there are labels. */
  readonly classes: readonly string[] | undefined;
  readonly labels: Int32Array | undefined;
  readonly pixels: Pixels;
}

const spellings: Readonly<Record<string, Split>> = {
  train: 'train',
  validation: 'validation',
  val: 'validation',
  valid: 'validation',
  test: 'test',
};

/** The split that a folder name or a file prefix (`train-00000-of-00001.parquet`) tells of. */
export function splitOf(name: string): Split | undefined {
  return spellings[/^[a-z]+/i.exec(name)?.[0]?.toLowerCase() ?? ''];
}
