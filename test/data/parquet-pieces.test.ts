import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type FileMetaData, parquetMetadata } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { ByteWriter } from 'hyparquet-writer';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { HeldGroups } from '../../src/data/held-groups.js';
import { readColumn, readMetadata, readParquet } from '../../src/data/parquet-file.js';
import { cutInPieces } from '../../src/data/parquet-pieces.js';
import { ParquetRows } from '../../src/data/parquet-rows.js';
import { UserError } from '../../src/errors.js';
import { random } from '../../src/random.js';
import { drawParquet } from './draw-parquet.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-pieces-'));
after(() => rmSync(folder, { recursive: true }));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function piecesOf(path: string, most: number) {
  const metadata = await readMetadata(path);
  const pieces = await Promise.all(
    metadata.row_groups.map((group, i) => {
      const first = metadata.row_groups.slice(0, i).reduce((sum, each) => sum + Number(each.num_rows), 0);
      return readParquet(path, (file) =>
        cutInPieces(file, metadata, group, { column: 'image', first, most }),
      );
    }),
  );
  return pieces.flat();
}

for (const version of [1, 2])
  test(`row groups are read in pieces, pages of version ${version} with dictionaries, as pyarrow wrote them`, async () => {
    const path = fileURLToPath(new URL(`../fixtures/pages-${version}.parquet`, import.meta.url));
    const digests: unknown[] = [];
    await readColumn(path, await readMetadata(path), 'digest', (digest) => digests.push(digest));
    assert.equal(digests.length, 40);
    for (const most of [1, 300, 2 ** 20]) {
      const pieces = await piecesOf(path, most);
      if (most < 1000) assert.ok(pieces.length >= 4, `${pieces.length} pieces`);
      else assert.equal(pieces.length, 2);
      assert.deepEqual(
        pieces.map(({ start }) => start),
        [0, ...pieces.slice(0, -1).map(({ end }) => end)],
      );
      assert.equal(pieces.at(-1)?.end, 40);
      const rows = new ParquetRows(new HeldGroups(), most);
      const order = random(1, 2).permutation(40);
      for (const row of order) {
        const bytes = await rows.at(path, 'image', row);
        assert.equal(
          bytes.length === 0 ? '' : sha256(bytes),
          digests[row],
          `row ${row} of pieces of ${most}`,
        );
      }
    }
  });

test('a plain column in pieces, and one page for all rows', async () => {
  const images = Array.from({ length: 50 }, (_, i) => new Uint8Array(20 + i).fill(i));
  const path = drawParquet(
    join(folder, 'plain.parquet'),
    { image: { type: 'BYTE_ARRAY', values: images } },
    { pageSize: 200, codec: 'UNCOMPRESSED' },
  );
  const held = new HeldGroups();
  const rows = new ParquetRows(held, 300);
  for (const [row, image] of images.entries()) assert.deepEqual(await rows.at(path, 'image', row), image);
  assert.ok((await piecesOf(path, 300)).length > 5);
  // Without room for two pages a piece is one of them.
  const whole = drawParquet(join(folder, 'whole.parquet'), { image: { type: 'image', values: images } });
  assert.equal((await piecesOf(whole, 10)).length, 1);
});

test('a page that is damaged is named by file and byte', async () => {
  const images = Array.from({ length: 50 }, (_, i) => new Uint8Array(100).map((_, at) => i ^ (at * 7)));
  const path = drawParquet(
    join(folder, 'damaged.parquet'),
    { image: { type: 'BYTE_ARRAY', values: images } },
    { pageSize: 500, codec: 'UNCOMPRESSED' },
  );
  const [, second] = await piecesOf(path, 500);
  const at = second?.bytes.at(-1)?.[0] ?? 0;
  const file = openSync(path, 'r+');
  writeSync(file, new Uint8Array(30).fill(255), 0, 30, at);
  closeSync(file);
  const rows = new ParquetRows(new HeldGroups(), 500);
  await assert.rejects(
    rows.at(path, 'image', 30),
    (error: Error) =>
      error instanceof UserError &&
      error.message === `${path}: not a readable Parquet file (damaged page at byte ${at})`,
  );
});

/** A file whose one row group is larger than 2 GiB and mostly a hole on the disk; a row a page, its number in the image. */
function drawLarge(path: string, rows: number, size: number): void {
  const one = drawParquet(
    path,
    { image: { type: 'BYTE_ARRAY', values: [new Uint8Array(size)] } },
    { codec: 'UNCOMPRESSED', statistics: false },
  );
  const bytes = readFileSync(one);
  const metadata = parquetMetadata(new Uint8Array(bytes).buffer);
  const group = metadata.row_groups[0]!;
  const chunk = group.columns[0]!.meta_data!;
  const start = Number(chunk.data_page_offset);
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset + start, 200), offset: 0 };
  const page = reader.offset + parquetHeader(reader).compressed_page_size + reader.offset;
  // The header, and what stands in the page before the image's bytes.
  const head = bytes.subarray(start, start + page - size);
  const file = openSync(path, 'w');
  writeSync(file, 'PAR1', 0);
  for (let row = 0; row < rows; row++) {
    writeSync(file, head, 0, head.length, 4 + row * page);
    writeSync(file, `row ${row}`, 4 + row * page + head.length);
  }
  const total = BigInt(rows * page);
  const count = BigInt(rows);
  const large: Partial<FileMetaData> = {
    ...metadata,
    num_rows: count,
    row_groups: [
      {
        num_rows: count,
        total_byte_size: total,
        columns: [
          {
            file_offset: 4n,
            meta_data: {
              ...chunk,
              num_values: count,
              data_page_offset: 4n,
              total_compressed_size: total,
              total_uncompressed_size: total,
            },
          },
        ],
      },
    ],
  };
  delete large.metadata_length;
  const footer = new ByteWriter();
  writeMetadata(footer, large as FileMetaData);
  footer.appendUint32(0x31524150);
  writeSync(file, footer.getBytes(), 0, footer.offset, 4 + rows * page);
  closeSync(file);
}

// Where files have no holes it would take the disk's room.
test('a row group beyond 2 GiB in memory that does not grow with it', {
  skip: process.platform === 'win32',
}, async () => {
  const path = join(folder, 'large.parquet');
  const mebibyte = 2 ** 20;
  drawLarge(path, 300, 8 * mebibyte);
  const held = new HeldGroups();
  const rows = new ParquetRows(held);
  for (const row of [0, 299, 150, 151]) {
    const image = await rows.at(path, 'image', row);
    assert.equal(image.length, 8 * mebibyte);
    assert.equal(Buffer.from(image.subarray(0, 8)).toString().replaceAll('\0', ''), `row ${row}`);
    assert.ok(held.bytes <= 64 * mebibyte, `${held.bytes} held`);
    held.letGo((await held.oldest())!);
  }
});
