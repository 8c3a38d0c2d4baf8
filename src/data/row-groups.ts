import type { FileMetaData } from 'hyparquet';
import { readColumn, readMetadata } from './parquet-file.js';

/** A row group that has been read. */
export interface HeldGroup {
  readonly path: string;
  /** Its rows in the file: start … end − 1. */
  readonly start: number;
  readonly end: number;
  /** Encoded images by row − start. */
  readonly images: readonly Uint8Array[];
  readonly bytes: number;
}

/** Encoded images of Parquet files, a row group read at a time and held until it is let go; oldest first. */
export class RowGroups {
  readonly #metadata = new Map<string, Promise<FileMetaData>>();
  readonly #held = new Map<string, Promise<HeldGroup>>();
  #bytes = 0;

  /** Size of the encoded images that are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The encoded image at `row` of a file. @throws UserError when the file cannot be read */
  async at(path: string, column: string, row: number): Promise<Uint8Array> {
    const { images, start } = await this.#group(path, column, row);
    return images[row - start] ?? new Uint8Array();
  }

  /** The group that has been held longest; undefined when there is none. */
  async oldest(): Promise<HeldGroup | undefined> {
    const [first] = this.#held.values();
    return first;
  }

  /** Forgets a group's images. */
  letGo({ path, start, bytes }: HeldGroup): void {
    if (this.#held.delete(`${path}:${start}`)) this.#bytes -= bytes;
  }

  async #group(path: string, column: string, row: number): Promise<HeldGroup> {
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
    const key = `${path}:${start}`;
    const held = this.#held.get(key) ?? this.#read(path, metadata, column, start, end);
    this.#held.set(key, held);
    try {
      return await held;
    } catch (error) {
      this.#held.delete(key);
      throw error;
    }
  }

  async #read(
    path: string,
    metadata: FileMetaData,
    column: string,
    start: number,
    end: number,
  ): Promise<HeldGroup> {
    const images = (await readColumn(path, metadata, column, start, end)).map(encoded);
    const bytes = images.reduce((total, { length }) => total + length, 0);
    this.#bytes += bytes;
    return { path, start, end, images, bytes };
  }
}

/** The encoded image in a column's value, {bytes, path} or bytes; empty where there is none. */
function encoded(value: unknown): Uint8Array {
  const bytes = typeof value === 'object' && value !== null && 'bytes' in value ? value.bytes : value;
  return bytes instanceof Uint8Array ? bytes : new Uint8Array();
}
