import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { Features } from './parts.js';
import { factsOf } from './row-facts.js';

/** Numbers of a row group: the writer holds a list of each of a few things about every one. */
const GROUP = 2 ** 20;

/** Numbers that are all different are neither worth a dictionary nor compression. */
const plain = { encoding: 'PLAIN', codec: 'UNCOMPRESSED', statistics: false, offsetIndex: false } as const;

/**
 * Features as a Parquet file, piece by piece: `file`, `label` and `class` (null where an image has none) and `embedding`, a
 * list of floats. Of patches a row each, with its number, `patch`, row by row from the upper left. A piece lasts until the
 * next.
 */
export function* parquetBytes({ images, parts, dims, read }: Features): Generator<Uint8Array> {
  const [vectors, width] = dims;
  const writer = new ByteWriter();
  const schema = schemaOf(vectors > 1);
  const parquet = new ParquetWriter({ writer, schema, createdBy: 'image-world-models' });
  for (const part of parts) {
    const features = read(part);
    const facts = Array.from(part.images, (image) => factsOf(images, image));
    const rows = facts.flatMap((each) => Array.from({ length: vectors }, () => each));
    const columns = {
      file: rows.map(({ file }) => file),
      label: rows.map(({ label }) => label),
      class: rows.map(({ className }) => className),
      ...(vectors > 1 && { patch: rows.map((_, row) => row % vectors) }),
    };
    const embedding = rows.map((_, row) => Array.from(features.subarray(row * width, (row + 1) * width)));
    parquet.write({
      columnData: [
        ...Object.entries(columns).map(([name, data]) => ({ name, data })),
        { name: 'embedding', data: embedding, ...plain },
      ],
      rowGroupSize: Math.max(1, Math.floor(GROUP / width)),
    });
    yield* written(writer);
  }
  parquet.finish();
  yield* written(writer);
}

/** What has been written since this was last asked. */
function* written(writer: ByteWriter): Generator<Uint8Array> {
  yield writer.getBytes();
  writer.index = 0;
}

function schemaOf(ofPatches: boolean): SchemaElement[] {
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
  const columns: SchemaElement[] = [
    { name: 'file', ...text, repetition_type: 'REQUIRED' },
    { name: 'label', type: 'INT32', repetition_type: 'OPTIONAL' },
    { name: 'class', ...text, repetition_type: 'OPTIONAL' },
    ...(ofPatches ? [{ name: 'patch', type: 'INT32', repetition_type: 'REQUIRED' } as const] : []),
    { name: 'embedding', repetition_type: 'REQUIRED', converted_type: 'LIST', num_children: 1 },
  ];
  return [
    { name: 'schema', num_children: columns.length },
    ...columns,
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
  ];
}
