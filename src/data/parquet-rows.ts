import type { FileMetaData } from 'hyparquet';
import type { HeldGroups } from './held-groups.js';
import { readMetadata, readParquet } from './parquet-file.js';
import { cutInPieces, type Piece, readPiece } from './parquet-pieces.js';

/** What is read of a row group at a time, bytes unpacked, unless a single page holds more. */
const PIECE_BYTES = 64 * 2 ** 20;

/** What is known of a file: the pieces of its row groups, those that have been asked for. */
interface KnownFile {
  readonly metadata: FileMetaData;
  readonly pieces: Map<number, Promise<readonly Piece[]>>;
}

/** Encoded images of Parquet files, read in pieces, so that memory does not grow with files or row groups. */
export class ParquetRows {
  readonly #files = new Map<string, Promise<KnownFile>>();

  /** @param most bytes of a piece */
  constructor(
    private readonly groups: HeldGroups,
    private readonly most = PIECE_BYTES,
  ) {}

  /** The encoded image at `row` of a file; empty where there is none. @throws UserError when the file cannot be read */
  async at(path: string, column: string, row: number): Promise<Uint8Array> {
    const opening =
      this.#files.get(path) ?? readMetadata(path).then((metadata) => ({ metadata, pieces: new Map() }));
    this.#files.set(path, opening);
    const file = await opening;
    const piece = (await this.#pieces(path, file, column, row)).find(({ end }) => row < end);
    if (piece === undefined) throw new RangeError(`${path}: no row ${row}`);
    return this.groups.at({ path, start: piece.start, end: piece.end }, row, () =>
      readParquet(path, (bytes) => readPiece(bytes, file.metadata, column, piece)),
    );
  }

  /** The pieces of the row group that a row is in. */
  async #pieces(
    path: string,
    { metadata, pieces }: KnownFile,
    column: string,
    row: number,
  ): Promise<readonly Piece[]> {
    let first = 0;
    for (const [number, group] of metadata.row_groups.entries()) {
      const next = first + Number(group.num_rows);
      if (row < next) {
        const at = { column, first, most: this.most };
        const cutting =
          pieces.get(number) ?? readParquet(path, (bytes) => cutInPieces(bytes, metadata, group, at));
        pieces.set(number, cutting);
        return cutting;
      }
      first = next;
    }
    return [];
  }
}
