import { type FileHandle, open, readFile } from 'node:fs/promises';
import { HeldGroups } from './held-groups.js';
import { ParquetRows } from './parquet-rows.js';
import type { Pixels, TarShard } from './source.js';
import { sceneName } from './synthetic.js';
import { openTar } from './tar-file.js';

/** Files kept open. */
const MOST_OPEN = 32;

/** An image of a source: a file, a row of a Parquet file, a member of a tar; or a scene, which is drawn. */
export interface Place {
  readonly source: Pixels;
  /** Its place in the source. */
  readonly at: number;
}

/** A file that holds many images, and a place in it. */
function within<File extends { readonly path: string; readonly rows: number }>(
  files: readonly File[],
  at: number,
): { file: File; row: number } {
  let row = at;
  for (const file of files) {
    if (row < file.rows) return { file, row };
    row -= file.rows;
  }
  throw new RangeError(`no image ${at}`);
}

/** What to call an image in messages: `dir/a.png`, `train.parquet, row 5`, `train.tar, 0001.jpg`. */
export function nameOf({ source, at }: Place): string {
  if (source.kind === 'synthetic') return sceneName(source.first + at);
  if (source.kind === 'files') return source.paths[at] ?? '';
  if (source.kind === 'parquet') {
    const { file, row } = within(source.files, at);
    return `${file.path}, row ${row}`;
  }
  const { file, row } = within(source.files, at);
  return `${file.path}, ${file.names[row]}`;
}

interface OpenFile {
  readonly handle: Promise<FileHandle>;
  /** Reads that are under way: it must not be closed under them. */
  readers: number;
}

/** Reads encoded images. */
export class EncodedImages {
  /** What can only be read many images at a time. */
  readonly groups = new HeldGroups();
  readonly #parquet = new ParquetRows(this.groups);
  readonly #open = new Map<string, OpenFile>();

  /** The bytes of an image; of a synthetic one none. @throws Error saying why they cannot be read */
  async read({ source, at }: Place): Promise<Uint8Array> {
    if (source.kind === 'synthetic') return new Uint8Array();
    if (source.kind === 'files') return readFile(source.paths[at] ?? '').catch(explain);
    if (source.kind === 'parquet') {
      const { file, row } = within(source.files, at);
      return this.#parquet.at(file.path, source.column, row);
    }
    const { file, row } = within(source.files, at);
    return file.packed ? this.#unpacked(file, row) : this.#member(file, row);
  }

  /** Closes the files. */
  async close(): Promise<void> {
    const files = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(files.map(async ({ handle }) => (await handle).close()));
  }

  async #member({ path, offsets, sizes }: TarShard, row: number): Promise<Uint8Array> {
    const length = sizes[row] ?? 0;
    const file = this.#file(path);
    file.readers++;
    try {
      const handle = await file.handle.catch(explain);
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offsets[row] ?? 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      file.readers--;
    }
  }

  #unpacked({ path, rows, offsets, sizes }: TarShard, row: number): Promise<Uint8Array> {
    return this.groups.at({ path, start: 0, end: rows }, row, async () => {
      const tar = await openTar(path);
      // Copies, so that the rest of the tar can be freed.
      return Array.from(offsets, (offset, i) => Uint8Array.from(tar.read(offset, sizes[i] ?? 0)));
    });
  }

  /** The file, open; of many, those that were used longest ago and are not being read are closed. */
  #file(path: string): OpenFile {
    const file = this.#open.get(path) ?? { handle: open(path), readers: 0 };
    this.#open.delete(path);
    for (const [other, { handle, readers }] of this.#open) {
      if (this.#open.size < MOST_OPEN) break;
      if (readers > 0) continue;
      this.#open.delete(other);
      void handle.then((opened) => opened.close()).catch(() => {});
    }
    this.#open.set(path, file);
    return file;
  }
}

function explain(error: NodeJS.ErrnoException): never {
  throw new Error(`cannot be read (${error.code ?? error.message})`);
}
