import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DecodedArray, SchemaElement } from 'hyparquet';
import { type ParquetWriteOptions, parquetWriteBuffer } from 'hyparquet-writer';

type Options = Partial<Omit<ParquetWriteOptions, 'columnData' | 'schema' | 'kvMetadata'>>;

/** A column of a file that a test draws. */
export interface DrawnColumn {
  /** `image`: encoded bytes a row, kept as {bytes, path}; `numbers`: a list of them a row; else a type of Parquet's. */
  readonly type: 'image' | 'numbers' | 'BYTE_ARRAY' | 'STRING' | 'BOOLEAN' | 'INT64' | 'DOUBLE';
  readonly values: readonly unknown[];
  /** What the `datasets` library would write of it. */
  readonly feature?: unknown;
}

/** Images of a data set: a class label for each, by its number. */
export const classLabel = (values: readonly (number | null)[], names: readonly string[]): DrawnColumn => ({
  type: 'INT64',
  values,
  feature: { _type: 'ClassLabel', names },
});

/** Writes a Parquet file and gives its path. */
export function drawParquet(
  path: string,
  columns: Readonly<Record<string, DrawnColumn>>,
  options: Options = {},
): string {
  const entries = Object.entries(columns);
  const features = entries.flatMap(([name, { feature }]) => (feature ? [[name, feature]] : []));
  const schema: SchemaElement[] = [
    { name: 'root', num_children: entries.length },
    ...entries.flatMap(([name, { type }]) => elementsOf(name, type)),
  ];
  const bytes = parquetWriteBuffer({
    schema,
    columnData: entries.map(([name, column]) => ({ name, data: valuesOf(column) })),
    ...(features.length > 0 && {
      kvMetadata: [
        { key: 'huggingface', value: JSON.stringify({ info: { features: Object.fromEntries(features) } }) },
      ],
    }),
    ...options,
  });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, new Uint8Array(bytes));
  return path;
}

function elementsOf(name: string, type: DrawnColumn['type']): SchemaElement[] {
  const repetition_type = 'OPTIONAL';
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type } as const;
  if (type === 'image')
    return [
      { name, repetition_type, num_children: 2 },
      { name: 'bytes', type: 'BYTE_ARRAY', repetition_type },
      { name: 'path', ...text },
    ];
  if (type === 'numbers')
    return [
      { name, repetition_type, converted_type: 'LIST', num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'INT64', repetition_type },
    ];
  return [type === 'STRING' ? { name, ...text } : { name, type, repetition_type }];
}

function valuesOf({ type, values }: DrawnColumn): DecodedArray {
  const whole = (value: unknown) => (value === null ? null : BigInt(value as number));
  if (type === 'image') return values.map((bytes, i) => ({ bytes: bytes ?? undefined, path: `${i}.png` }));
  if (type === 'INT64') return values.map(whole);
  if (type === 'numbers') return values.map((each) => (each as number[]).map(whole));
  return [...values];
}
