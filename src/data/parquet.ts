import type { FileMetaData } from 'hyparquet';
import { UserError } from '../errors.js';
import { ClassLabels } from './class-labels.js';
import {
  type Columns,
  chooseColumns,
  declaredClasses,
  type NamedColumns,
  singleColumns,
} from './parquet-columns.js';
import { readColumn, readMetadata } from './parquet-file.js';
import { holdsNothing } from './parquet-pieces.js';
import { chooseShards, type Shards } from './shards.js';
import { describeSource, type Source } from './source.js';
import type { Split } from './splits.js';
import { checkToldSplits, countSplit, isSplitKey, type ToldSplits } from './told-splits.js';

/**
 * Images in Hugging Face's Parquet layout: a column of encoded images (struct {bytes, path} or plain bytes) and one of
 * labels, whose names may stand in the `huggingface` metadata or a `dataset.json`. Reads metadata and labels, no image.
 * @param named which columns hold them; by default what `dataset.json` says, else by their names
 * @throws UserError for a file that is no Parquet, has no image column, differs from its fellow shards, or lacks the
 *   split asked for
 */
export async function parquetSource(
  shards: Shards,
  wanted: Split | undefined,
  named: NamedColumns = {},
): Promise<Source> {
  const { source, facts } = shards;
  const { split, chosen, others, notes } = chooseShards(shards, wanted);
  const wish = { ...facts.columns, ...named };
  const labels = new ClassLabels();
  const tables: Table[] = [];
  for (const { path } of chosen) tables.push(await readTable(path, wish, labels, tables[0]));
  const told = tables.map(({ splits }, i) => ({ ...splits, readAs: chosen[i]?.split ?? split }));
  const length = tables.reduce((total, { rows }) => total + rows, 0);
  const [first] = tables;
  if (first === undefined || length === 0) throw new UserError(`${source}: no rows there`);
  const { columns, declared } = tables.find((table) => table.columns.label !== undefined) ?? first;
  const known = { given: facts.classes, declared };
  // A class has the same number in all splits, and one that some of them lack has it too.
  for (const { path } of others) {
    if (labels.any && (known.given ?? known.declared)) break;
    const names = await readOtherLabels(path, columns.label, wish, labels);
    known.declared ??= names;
  }
  const nothing =
    columns.label === undefined ? columns.noLabel : `its column ${columns.label} is empty or −1 throughout`;
  const labelling = labels.of(joined(tables, length), known, nothing);
  return {
    description: describeSource(source, { length, split, ...labelling }, labelling),
    notes: [...shards.notes, ...notes, ...columns.notes, ...checkToldSplits(told), ...labelling.notes],
    split,
    length,
    classes: labelling.classes,
    labels: labelling.labels,
    pixels: {
      kind: 'parquet',
      files: tables.map(({ path, rows }) => ({ path, rows })),
      column: columns.image,
    },
  };
}

/** One file as far as it is known without its images. */
interface Table {
  readonly path: string;
  readonly rows: number;
  readonly columns: Columns;
  /** The names of its classes that it declares. */
  readonly declared: readonly string[] | undefined;
  /** The label of each row, by its code; undefined where it has no such column. */
  readonly codes: Int32Array | undefined;
  /** What a column of splits tells. */
  readonly splits: Omit<ToldSplits, 'readAs'>;
}

/** @param first another file of the same split, whose columns must be the same */
async function readTable(
  path: string,
  wish: NamedColumns,
  labels: ClassLabels,
  first: Table | undefined,
): Promise<Table> {
  const metadata = await readMetadata(path);
  const columns = chooseColumns(path, metadata, wish);
  const { image, label } = columns;
  const declared = label === undefined ? undefined : declaredClasses(metadata, label);
  const differs = (a: string | undefined, b: string | undefined): boolean =>
    a !== b && a !== undefined && b !== undefined;
  if (
    first !== undefined &&
    (image !== first.columns.image ||
      differs(label, first.columns.label) ||
      differs(declared?.join('\n'), first.declared?.join('\n')))
  )
    throw new UserError(`${path}: its columns or classes differ from those of ${first.path}`);
  if (holdsNothing(metadata, image))
    throw new UserError(
      `${path}: its column ${image} holds paths and no images; the files must be packed with it`,
    );
  const codes = label === undefined ? undefined : await readCodes(path, metadata, label, labels);
  const splits = await readSplits(path, metadata, label);
  return { path, rows: Number(metadata.num_rows), columns, declared, codes, splits };
}

/** @param label the column of labels, which says nothing else */
async function readSplits(
  path: string,
  metadata: FileMetaData,
  label: string | undefined,
): Promise<Table['splits']> {
  const column = singleColumns(metadata).find((name) => name !== label && isSplitKey(name));
  const images = new Map<Split, number>();
  if (column !== undefined) await readColumn(path, metadata, column, (value) => countSplit(value, images));
  return { path, by: `its column ${column}`, images };
}

async function readCodes(
  path: string,
  metadata: FileMetaData,
  column: string,
  labels: ClassLabels,
): Promise<Int32Array> {
  const codes: number[] = [];
  await readColumn(path, metadata, column, (value, row) => {
    codes.push(labels.code(value, () => `${path}, row ${row}`));
  });
  return Int32Array.from(codes);
}

/** The labels of a file in another split. @returns the names of the classes that it declares */
async function readOtherLabels(
  path: string,
  label: string | undefined,
  wish: NamedColumns,
  labels: ClassLabels,
): Promise<readonly string[] | undefined> {
  const metadata = await readMetadata(path);
  const column = label ?? chooseColumns(path, metadata, wish).label;
  if (column === undefined || !singleColumns(metadata).includes(column)) return undefined;
  await readCodes(path, metadata, column, labels);
  return declaredClasses(metadata, column);
}

/** The codes of all rows, −1 in files without labels. */
function joined(tables: readonly Table[], length: number): Int32Array {
  const all = new Int32Array(length).fill(-1);
  let at = 0;
  for (const { codes, rows } of tables) {
    if (codes) all.set(codes, at);
    at += rows;
  }
  return all;
}
