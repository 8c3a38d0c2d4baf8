import { open } from 'node:fs/promises';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { UserError } from '../errors.js';

/** Where a Parquet file's row groups and columns lie. @throws UserError when it cannot be read */
export async function readMetadata(path: string): Promise<FileMetaData> {
  const metadata = await readParquet(path, async (file) => {
    const metadata = await parquetMetadataAsync(file);
    // What is damaged shows only when its columns are asked for, by names that it has not.
    parquetSchema(metadata);
    if (metadata.schema.some(({ name }) => typeof name !== 'string')) throw new Error('a column has no name');
    return metadata;
  });
  const rows = metadata.row_groups.map((group) => Number(group.num_rows));
  if (rows.some((count) => count < 0) || rows.reduce((a, b) => a + b, 0) !== Number(metadata.num_rows))
    throw new UserError(`${path}: not a readable Parquet file (its counts of rows disagree)`);
  return metadata;
}

/**
 * Gives the values of a column to `take`, row after row, a row group in memory at a time: nulls as null or undefined,
 * bytes as Uint8Array, whole numbers of 64 bits as bigint.
 * @throws UserError when the file cannot be read, and what `take` throws
 */
export async function readColumn(
  path: string,
  metadata: FileMetaData,
  column: string,
  take: (value: unknown, row: number) => void,
): Promise<void> {
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    const values: ArrayLike<unknown> = await readParquet(path, async (file) => {
      const scan = await parquetScan({ file, metadata, columns: [column], compressors, utf8: false });
      const read = await scan.readColumn({ column, rowStart, rowEnd });
      if (read.length !== rowEnd - rowStart) throw new Error('its counts of rows disagree');
      return read;
    });
    for (let row = rowStart; row < rowEnd; row++) take(values[row - rowStart], row);
    rowStart = rowEnd;
  }
}

/**
 * Opens a Parquet file for `read`. Its reader asks for many parts at once and forgets those still to come when one is
 * bad: so none is ever refused – what cannot be read is empty, and told at the end – and all are waited for.
 * @throws UserError naming the file when it cannot be read
 */
export async function readParquet<T>(path: string, read: (file: AsyncBuffer) => Promise<T>): Promise<T> {
  let broken: Error | undefined;
  const parts: Promise<ArrayBuffer>[] = [];
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const part = async (start: number, end: number): Promise<ArrayBuffer> => {
        try {
          const bytes = new Uint8Array(Math.max(0, end - start));
          for (let at = 0; at < bytes.length; ) {
            const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at);
            if (bytesRead === 0) throw new Error('it ends too early');
            at += bytesRead;
          }
          return bytes.buffer;
        } catch (error) {
          broken ??= error as Error;
          return new ArrayBuffer(0);
        }
      };
      const result = await read({
        byteLength: size,
        slice(start, end = size) {
          const bytes = part(Math.max(0, start), Math.min(end, size));
          parts.push(bytes);
          return bytes;
        },
      });
      if (broken) throw broken;
      return result;
    } finally {
      await Promise.all(parts);
      await file.close();
    }
  } catch (error) {
    throw new UserError(`${path}: not a readable Parquet file (${(broken ?? (error as Error)).message})`);
  }
}
