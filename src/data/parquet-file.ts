import { open } from 'node:fs/promises';
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { UserError } from '../errors.js';

/** Where a Parquet file's row groups and columns lie. @throws UserError when it cannot be read */
export async function readMetadata(path: string): Promise<FileMetaData> {
  return readFile(path, (file) => parquetMetadataAsync(file));
}

/**
 * The values of a column in rows `start` … `end` − 1, by default all: bytes as Uint8Array, structs as objects, nulls
 * as null or undefined.
 * @throws UserError when the file cannot be read
 */
export async function readColumn(
  path: string,
  metadata: FileMetaData,
  column: string,
  start = 0,
  end = Number(metadata.num_rows),
): Promise<unknown[]> {
  const rows = await readFile(path, (file) =>
    parquetReadObjects({
      file,
      metadata,
      columns: [column],
      rowStart: start,
      rowEnd: end,
      compressors,
      utf8: false,
    }),
  );
  return rows.map((row): unknown => row[column]);
}

/**
 * Opens a file for `read`. The reader asks for many parts at once and forgets those still to come when one is bad: so
 * none is ever refused – what cannot be read is empty, and told at the end – and all are waited for.
 */
async function readFile<T>(path: string, read: (file: AsyncBuffer) => Promise<T>): Promise<T> {
  let broken: Error | undefined;
  const parts: Promise<ArrayBuffer>[] = [];
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const part = async (start: number, end: number): Promise<ArrayBuffer> => {
        try {
          const bytes = new Uint8Array(Math.max(0, end - start));
          await file.read(bytes, 0, bytes.length, start);
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
