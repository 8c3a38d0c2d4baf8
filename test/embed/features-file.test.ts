import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writerOf } from '../../src/embed/features-file.js';
import { UserError } from '../../src/errors.js';
import { drawnFeatures, names, numbers } from './drawn-features.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-features-'));
after(() => rmSync(folder, { recursive: true }));
const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));

interface SeenRow {
  readonly embedding: readonly number[];
}
/** What pandas, DuckDB and NumPy saw in the fixtures, see oracle/embedding.py. */
const seen = JSON.parse(fixture('embedding.json').toString()) as Readonly<
  Record<
    string,
    {
      readonly pandas: { readonly columns: unknown; readonly rows: readonly SeenRow[] };
      readonly duckdb: readonly SeenRow[];
      readonly numpy: Readonly<Record<'dtype' | 'shape' | 'bits' | 'table', unknown>>;
    }
  >
>;
const bits = Array.from(new Uint32Array(numbers.buffer));
const facts = [
  { file: names[0], label: 1, class: 'rose' },
  { file: names[2], label: 0, class: 'tulip' },
  { file: names[3], label: null, class: null },
];

for (const [name, vectors] of [
  ['embedding', 1],
  ['embedding-patches', 2],
] as const)
  test(`what is written as ${name} is what pandas, DuckDB and NumPy have read, to the bit`, () => {
    for (const ending of ['parquet', 'npy']) {
      const out = join(folder, `${name}.${ending}`);
      const written = writerOf(out)(out, drawnFeatures(vectors));
      assert.deepEqual(written, ending === 'npy' ? [out, `${out}.csv`] : [out]);
      for (const path of written)
        assert.deepEqual(readFileSync(path), fixture(path.slice(folder.length + 1)));
    }
    const { pandas, duckdb, numpy } = seen[name]!;
    const width = 4 / vectors;
    const rows = facts.flatMap((each, image) =>
      Array.from({ length: vectors }, (_, patch) => {
        const first = (image * vectors + patch) * width;
        return { ...each, ...(vectors > 1 && { patch }), embedding: bits.slice(first, first + width) };
      }),
    );
    assert.deepEqual(pandas.rows, rows);
    assert.deepEqual(duckdb, rows);
    assert.deepEqual(pandas.columns, {
      file: 'string',
      label: 'int32',
      class: 'string',
      ...(vectors > 1 && { patch: 'int32' }),
      embedding: 'list<element: float not null>',
    });
    assert.deepEqual(numpy, {
      dtype: 'float32',
      shape: vectors > 1 ? [3, 2, 2] : [3, 4],
      bits,
      table: facts.map((each) => ({
        file: each.file,
        label: String(each.label ?? ''),
        class: each.class ?? '',
      })),
    });
  });

test('another ending is refused with those there are', () => {
  assert.throws(
    () => writerOf('latents.csv'),
    (error) =>
      error instanceof UserError &&
      error.exitCode === 2 &&
      error.message === '--out latents.csv: let its name end in .parquet or .npy',
  );
});
