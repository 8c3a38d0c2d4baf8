import { basename } from 'node:path';
import { type FileMetaData, parquetSchema } from 'hyparquet';
import { UserError } from '../errors.js';
import { imageColumn, labelColumn } from './parquet-columns.js';
import { readColumn, readMetadata } from './parquet-file.js';
import { describeSource, type Source } from './source.js';
import { chooseSplit, type Split, splitIn } from './splits.js';

/**
 * Images in Hugging Face's Parquet layout: a column of encoded images (struct {bytes, path} or plain bytes) and a
 * column of labels, whose names stand in the `huggingface` metadata. Reads metadata and labels, no image.
 * @param path as the person gave it
 * @param found the files, in order; those whose name tells a split (`train-00000-of-00001.parquet`) belong to it
 * @throws UserError for a file that is no Parquet, has no image column, differs from its fellow shards, or lacks the
 *   split asked for
 */
export async function parquetSource(
  path: string,
  found: readonly string[],
  wanted: Split | undefined,
): Promise<Source> {
  const split = chooseSplit(path, new Set(found.map((file) => splitIn(basename(file)))), wanted);
  const chosen = found.filter((file) => split === 'all' || splitIn(basename(file)) === split);
  const shards = await Promise.all(chosen.map(readShard));
  const [first] = shards;
  const length = shards.reduce((total, { rows }) => total + rows, 0);
  if (first === undefined || length === 0) throw new UserError(`${path}: no rows there`);
  for (const { path: file, column, names } of shards)
    if (column !== first.column || names?.join('\n') !== first.names?.join('\n'))
      throw new UserError(`${file}: its columns or classes differ from those of ${first.path}`);
  const parts = shards.map((shard) => shard.labels);
  const labels = parts.every((part) => part !== undefined)
    ? Int32Array.from(parts.flatMap((part) => Array.from(part)))
    : undefined;
  const classes = labels && (first.names ?? numbers(labels));
  return {
    description: describeSource(path, { length, classes, split }),
    split,
    length,
    classes,
    labels,
    pixels: {
      kind: 'parquet',
      files: shards.map(({ path: file, rows }) => ({ path: file, rows })),
      column: first.column,
    },
  };
}

/** One file as far as it is known without its images. */
interface Shard {
  readonly path: string;
  readonly rows: number;
  readonly column: string;
  /** Undefined where rows, or one of them, have no label. */
  readonly labels: Int32Array | undefined;
  readonly names: readonly string[] | undefined;
}

async function readShard(path: string): Promise<Shard> {
  const metadata = await readMetadata(path);
  const column = imageColumn(metadata);
  if (column === undefined) {
    const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
    throw new UserError(`${path}: no column of images; its columns are ${columns.join(', ')}`);
  }
  const rows = metadata.row_groups.reduce((total, group) => total + Number(group.num_rows), 0);
  if (rows !== Number(metadata.num_rows) || metadata.row_groups.some((group) => Number(group.num_rows) < 0))
    throw new UserError(`${path}: not a readable Parquet file (its counts of rows disagree)`);
  const label = labelColumn(metadata);
  return {
    path,
    rows,
    column,
    labels: label && (await readLabels(path, metadata, label.column, label.names?.length)),
    names: label?.names,
  };
}

/** Whole numbers without names are classes only below this. */
const MOST_CLASSES = 65_536;

async function readLabels(
  path: string,
  metadata: FileMetaData,
  column: string,
  classes: number | undefined,
): Promise<Int32Array | undefined> {
  const values = await readColumn(path, metadata, column);
  const labels = new Int32Array(values.length);
  let complete = true;
  values.forEach((value, row) => {
    const label = value === null || value === undefined ? -1 : Number(value);
    if (classes !== undefined && label >= classes)
      throw new UserError(`${path}, row ${row}: ${column} is ${label}, but there are ${classes} classes`);
    // Hugging Face writes −1 where labels are kept secret.
    if (label < 0 || label >= MOST_CLASSES) complete = false;
    labels[row] = label;
  });
  return complete ? labels : undefined;
}

function numbers(labels: Int32Array): string[] {
  return Array.from({ length: 1 + labels.reduce((a, b) => Math.max(a, b), 0) }, (_, i) => String(i));
}
