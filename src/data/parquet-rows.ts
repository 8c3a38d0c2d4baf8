import type { FileMetaData } from 'hyparquet';
import type { HeldGroups } from './held-groups.js';
import { readColumn, readMetadata } from './parquet-file.js';

/** Encoded images of Parquet files, a row group read at a time. */
export class ParquetRows {
  readonly #metadata = new Map<string, Promise<FileMetaData>>();

  constructor(private readonly groups: HeldGroups) {}

  /** The encoded image at `row` of a file; empty where there is none. @throws UserError when the file cannot be read */
  async at(path: string, column: string, row: number): Promise<Uint8Array> {
    const reading = this.#metadata.get(path) ?? readMetadata(path);
    this.#metadata.set(path, reading);
    const metadata = await reading;
    let start = 0;
    let end = 0;
    for (const { num_rows } of metadata.row_groups) {
      start = end;
      end += Number(num_rows);
      if (row < end) break;
    }
    return this.groups.at({ path, start, end }, row, async () =>
      (await readColumn(path, metadata, column, start, end)).map(encoded),
    );
  }
}

/** The encoded image in a column's value, {bytes, path} or bytes; empty where there is none. */
function encoded(value: unknown): Uint8Array {
  const bytes = typeof value === 'object' && value !== null && 'bytes' in value ? value.bytes : value;
  return bytes instanceof Uint8Array ? bytes : new Uint8Array();
}
