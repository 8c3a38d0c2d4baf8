import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { UserError } from '../errors.js';
import { type Source, type Split, splitOf } from './source.js';

/** Parquet files at `path` (a file, or a folder of shards); none where it is something else. */
export function parquetFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return path.endsWith('.parquet') ? [path] : [];
  return readdirSync(path)
    .filter((name) => name.endsWith('.parquet'))
    .sort()
    .map((name) => join(path, name));
}

/**
 * Images in Hugging Face's Parquet layout: a column of encoded images (struct {bytes, path} or plain bytes) and an
 * integer column of labels, whose names stand in the `huggingface` metadata.
 * @throws UserError for a file that is no Parquet, has no image column, or lacks the split asked for
 */
export async function parquetSource(path: string, wanted: Split | undefined): Promise<Source> {
  const found = parquetFiles(path);
  const splits = new Set(found.map((file) => splitOf(basename(file))));
  const split =
    wanted ?? (splits.has('train') ? 'train' : splits.size === 1 ? ([...splits][0] ?? 'all') : 'all');
  const chosen = found.filter((file) => {
    const own = splitOf(basename(file));
    return split === 'all' || own === undefined || own === split;
  });
  if (chosen.length === 0)
    throw new UserError(`${path}: no ${split} split; there are ${[...splits].join(', ')}`);
  const metadata = await Promise.all(chosen.map(readMetadata));
  const column = imageColumn(path, metadata[0] as FileMetaData);
  const labelColumn = integerColumn(metadata[0] as FileMetaData);
  const files = chosen.map((file, i) => ({
    path: file,
    rows: Number((metadata[i] as FileMetaData).num_rows),
  }));
  const length = files.reduce((total, { rows }) => total + rows, 0);
  if (length === 0) throw new UserError(`${path}: no rows there`);
  const labels = labelColumn === undefined ? undefined : await readLabels(chosen, labelColumn, length);
  const classes =
    labels === undefined ? undefined : classNames(metadata[0] as FileMetaData, labelColumn as string, labels);
  return {
    description: `${path}: ${length} images, ${classes ? `${classes.length} classes` : 'no labels'}, split ${split}`,
    split,
    length,
    classes,
    labels,
    pixels: { kind: 'parquet', files, column },
  };
}

async function readMetadata(file: string): Promise<FileMetaData> {
  try {
    return await parquetMetadataAsync(await asyncBufferFromFile(file));
  } catch (error) {
    throw new UserError(`${file}: not a readable Parquet file (${(error as Error).message})`);
  }
}

/** A struct with `bytes`, or a plain column of bytes. */
function imageColumn(path: string, { schema }: FileMetaData): string {
  const bytes = schema.findIndex((element) => element.name === 'bytes' && element.type === 'BYTE_ARRAY');
  const parent = schema[bytes - 1];
  if (bytes > 1 && parent?.num_children !== undefined) return parent.name;
  const plain = schema.find(
    (element) =>
      element.type === 'BYTE_ARRAY' &&
      element.converted_type !== 'UTF8' &&
      element.logical_type?.type !== 'STRING',
  );
  if (plain !== undefined) return plain.name;
  throw new UserError(
    `${path}: no column of images; columns are ${schema
      .slice(1)
      .map((element) => element.name)
      .join(', ')}`,
  );
}

function integerColumn({ schema }: FileMetaData): string | undefined {
  const whole = schema.filter((element) => element.type === 'INT64' || element.type === 'INT32');
  return (whole.find((element) => /label|class|target/i.test(element.name)) ?? whole[0])?.name;
}

async function readLabels(files: readonly string[], column: string, length: number): Promise<Int32Array> {
  const labels = new Int32Array(length);
  let at = 0;
  for (const path of files) {
    const rows = await parquetReadObjects({
      file: await asyncBufferFromFile(path),
      columns: [column],
      compressors,
    });
    for (const row of rows) labels[at++] = Number(row[column]);
  }
  return labels;
}

function classNames(
  { key_value_metadata }: FileMetaData,
  column: string,
  labels: Int32Array,
): readonly string[] {
  const text = key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  const names = text === undefined ? undefined : JSON.parse(text)?.info?.features?.[column]?.names;
  if (Array.isArray(names)) return names.map(String);
  return Array.from({ length: 1 + labels.reduce((a, b) => Math.max(a, b), 0) }, (_, i) => String(i));
}

/** The encoded images of one file, in row order. */
export async function readImages(path: string, column: string): Promise<Uint8Array[]> {
  const rows = await parquetReadObjects({
    file: await asyncBufferFromFile(path),
    columns: [column],
    compressors,
    utf8: false,
  });
  return rows.map((row) => {
    const value = row[column] as Uint8Array | { bytes?: Uint8Array };
    return value instanceof Uint8Array ? value : (value?.bytes ?? new Uint8Array());
  });
}
