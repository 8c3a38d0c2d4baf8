import type { FileMetaData } from 'hyparquet';
import { UserError } from '../errors.js';
import { singleColumns } from './parquet-columns.js';
import { readColumn } from './parquet-file.js';
import { type Split, splitIn } from './splits.js';

/** A column that is called so may tell the split of each row. */
const CALLED = /^(data[_ -]?)?(split|subset|partition|set)$/i;

/**
 * Refuses a file whose own column puts its rows into several splits: all of it would be trained on.
 * @param label the column of labels, which says nothing else
 * @throws UserError
 */
export async function checkOneSplit(
  path: string,
  metadata: FileMetaData,
  label: string | undefined,
): Promise<void> {
  const column = singleColumns(metadata).find((name) => name !== label && CALLED.test(name));
  if (column === undefined) return;
  const rows = new Map<Split, number>();
  await readColumn(path, metadata, column, (value) => {
    const split = splitIn(value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : `${value}`);
    if (split !== undefined) rows.set(split, (rows.get(split) ?? 0) + 1);
  });
  if (rows.size < 2) return;
  const found = [...rows].map(([split, number]) => `${number.toLocaleString('en-US')} ${split}`).join(', ');
  throw new UserError(
    `${path}: its column ${column} puts rows into several splits (${found}), but a file is one; write each into its own, such as train.parquet`,
  );
}
