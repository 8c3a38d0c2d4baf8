import {
  type AsyncBuffer,
  type ColumnMetaData,
  type FileMetaData,
  type PageHeader,
  parquetReadObjects,
  parquetSchema,
  type RowGroup,
  type SchemaElement,
} from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { compressors } from 'hyparquet-compressors';

/** A header of a page is at most so long. */
const LONGEST_HEADER = 2 ** 24;

/** From the first to before the last byte. */
type Range = readonly [start: number, end: number];

/**
 * Rows of a column that are read together: consecutive pages of one row group. A row group may be of any size, a page
 * never exceeds 2 GiB and is about a mebibyte as a rule.
 */
export interface Piece {
  readonly group: RowGroup;
  /** Rows of the file: `start` … `end` − 1. */
  readonly start: number;
  readonly end: number;
  /** Where its pages lie in the file, after the dictionary that they may refer to. */
  readonly bytes: readonly Range[];
}

/** The column of bytes in a column of encoded images: {bytes, path}, or bytes as they are. */
function bytesOf(metadata: FileMetaData, column: string): SchemaElement[] {
  const root = parquetSchema(metadata);
  const top = root.children.find(({ element }) => element.name === column);
  const inside = top?.children.find(({ element }) => element.name === 'bytes');
  return [root, top, inside].flatMap((node) => node?.element ?? []);
}

function findChunk(group: RowGroup, schema: readonly SchemaElement[]): ColumnMetaData | undefined {
  const path = schema.slice(1).map(({ name }) => name);
  return group.columns.find(({ meta_data }) => meta_data?.path_in_schema.join('\0') === path.join('\0'))
    ?.meta_data;
}

function chunkOf(group: RowGroup, schema: readonly SchemaElement[]): ColumnMetaData {
  const chunk = findChunk(group, schema);
  if (chunk === undefined) throw new Error(`a row group lacks its column ${schema.at(-1)?.name}`);
  return chunk;
}

/** Whether a file's own statistics say that not one row of a column has an encoded image. */
export function holdsNothing(metadata: FileMetaData, column: string): boolean {
  const schema = bytesOf(metadata, column);
  return (
    metadata.num_rows > 0 &&
    metadata.row_groups.every((group) => findChunk(group, schema)?.statistics?.null_count === group.num_rows)
  );
}

/**
 * Cuts a row group's column of encoded images in pieces of at most `most` bytes, unpacked, or of one page.
 * @param first number of the group's first row in the file
 * @throws Error where its pages are damaged
 */
export async function cutInPieces(
  file: AsyncBuffer,
  metadata: FileMetaData,
  group: RowGroup,
  { column, first, most }: { readonly column: string; readonly first: number; readonly most: number },
): Promise<Piece[]> {
  const chunk = chunkOf(group, bytesOf(metadata, column));
  const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
  const whole: Range = [start, start + Number(chunk.total_compressed_size)];
  const last = first + Number(group.num_rows);
  if (chunk.total_uncompressed_size <= most) return [{ group, start: first, end: last, bytes: [whole] }];
  const pieces: Piece[] = [];
  let dictionary: Range[] = [];
  let open: { start: number; from: number; size: number } | undefined;
  let row = first;
  for (let at = start; row < last; ) {
    const { header, body } = await readHeader(file, at, whole[1]);
    const end = body + header.compressed_page_size;
    if (header.compressed_page_size < 0 || end > whole[1]) throw new Error(`damaged page at byte ${at}`);
    if (header.dictionary_page_header) dictionary = [[at, end]];
    const rows = header.data_page_header?.num_values ?? header.data_page_header_v2?.num_rows ?? 0;
    if (rows > 0) {
      if (open && open.size + header.uncompressed_page_size > most) {
        pieces.push({ group, start: open.start, end: row, bytes: [...dictionary, [open.from, at]] });
        open = undefined;
      }
      open ??= { start: row, from: at, size: 0 };
      open.size += header.uncompressed_page_size;
      row += rows;
    }
    at = end;
    if (open && row >= last)
      pieces.push({ group, start: open.start, end: row, bytes: [...dictionary, [open.from, at]] });
  }
  if (row > last) throw new Error(`${row - first} rows in the pages of a group of ${last - first}`);
  return pieces;
}

/** A page's header, and where its body begins. */
async function readHeader(
  file: AsyncBuffer,
  at: number,
  end: number,
): Promise<{ header: PageHeader; body: number }> {
  for (let length = 256; ; length *= 16) {
    const reader = { view: new DataView(await file.slice(at, Math.min(at + length, end))), offset: 0 };
    try {
      return { header: parquetHeader(reader), body: at + reader.offset };
    } catch {
      if (length >= LONGEST_HEADER || at + length >= end) throw new Error(`damaged page at byte ${at}`);
    }
  }
}

/** The encoded images of a piece; empty where a row has none. @throws Error where its pages are damaged */
export async function readPiece(
  file: AsyncBuffer,
  metadata: FileMetaData,
  column: string,
  piece: Piece,
): Promise<Uint8Array[]> {
  const bytes = joined(await Promise.all(piece.bytes.map((range) => file.slice(...range))));
  const rows = await parquetReadObjects({
    // It asks for the one column that is there, whole.
    file: { byteLength: bytes.byteLength, slice: () => bytes },
    metadata: alone(metadata, column, piece, bytes.byteLength),
    compressors,
    utf8: false,
  });
  return rows.map((row) => encoded(row[column]));
}

function joined(parts: readonly ArrayBuffer[]): ArrayBuffer {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const all = new Uint8Array(parts.reduce((total, { byteLength }) => total + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return all.buffer;
}

/** The metadata of a file that holds these pages and nothing else: what reads whole row groups reads them as one. */
function alone(
  metadata: FileMetaData,
  column: string,
  { group, start, end }: Piece,
  size: number,
): FileMetaData {
  const schema = bytesOf(metadata, column);
  const { dictionary_page_offset: _, ...chunk } = chunkOf(group, schema);
  const rows = BigInt(end - start);
  const meta_data = {
    ...chunk,
    num_values: rows,
    data_page_offset: 0n,
    total_compressed_size: BigInt(size),
  };
  return {
    ...metadata,
    num_rows: rows,
    schema: schema.map(({ num_children, ...element }) =>
      num_children ? { ...element, num_children: 1 } : element,
    ),
    row_groups: [
      { columns: [{ file_offset: 0n, meta_data }], total_byte_size: BigInt(size), num_rows: rows },
    ],
  };
}

/** The encoded image in a column's value, {bytes} or bytes; empty where there is none. */
function encoded(value: unknown): Uint8Array {
  const bytes = typeof value === 'object' && value !== null && 'bytes' in value ? value.bytes : value;
  return bytes instanceof Uint8Array ? bytes : new Uint8Array();
}
