import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { UserError } from '../errors.js';

/** Where a Parquet file's row groups and columns lie. @throws UserError when it cannot be read */
export async function readMetadata(path: string): Promise<FileMetaData> {
  return readable(path, async () => parquetMetadataAsync(await openFile(path)));
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
  const rows = await readable(path, async () =>
    parquetReadObjects({
      file: await openFile(path),
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

/** The bytes of a file. The reader asks for many parts at once and, once one is bad, waits for none of the others. */
async function openFile(path: string): Promise<AsyncBuffer> {
  const file = await asyncBufferFromFile(path);
  return {
    byteLength: file.byteLength,
    slice(start, end) {
      const bytes = Promise.resolve(file.slice(start, end));
      bytes.catch(() => {});
      return bytes;
    },
  };
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new UserError(`${path}: not a readable Parquet file (${(error as Error).message})`);
  }
}
