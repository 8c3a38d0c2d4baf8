import { type Confusion, table, totals, worstPairs } from './confusion.js';

/** Classes up to which the whole table is printed. */
const MOST_CLASSES = 20;
/** Pairs that are told of more. */
const MOST_PAIRS = 10;

/**
 * What was taken for what: as a table where it fits on a screen, else the pairs that occur most.
 * @param as the counts themselves, or of each row the shares in percent
 */
export function describeConfusion(
  classes: readonly string[],
  confusion: Confusion,
  as: 'counts' | 'shares',
): string {
  const all = totals(confusion);
  const cell = (truth: number, count: number): number =>
    as === 'counts' ? count : Math.round((100 * count) / Math.max(1, all.get(truth)?.truth ?? 0));
  const unit = as === 'shares' ? ', % of the row' : '';
  return classes.length > MOST_CLASSES
    ? describePairs(classes, confusion)
    : describeTable(
        classes,
        table(confusion, classes.length).map((row, truth) => row.map((count) => cell(truth, count))),
        unit,
      );
}

function describePairs(classes: readonly string[], confusion: Confusion): string {
  const pairs = worstPairs(confusion, MOST_PAIRS);
  if (pairs.length === 0) return 'confusion: none';
  const lines = pairs.map(
    ({ truth, told, count }) =>
      `  ${classes[truth]} taken for ${classes[told]}: ${count.toLocaleString('en-US')}`,
  );
  return [
    `confusion: what happens most of ${classes.length.toLocaleString('en-US')} classes; all with --json`,
    ...lines,
  ].join('\n');
}

function describeTable(
  classes: readonly string[],
  cells: readonly (readonly number[])[],
  unit: string,
): string {
  const name = Math.max(...classes.map((each) => each.length));
  const cell = Math.max(
    4,
    String(Math.max(...cells.flat())).length + 1,
    ...classes.map((_, i) => `${i}`.length + 1),
  );
  const line = (values: readonly number[]): string =>
    values.map((each) => String(each).padStart(cell)).join('');
  return [
    `confusion: rows are the classes, columns what they were taken for${unit}`,
    `${' '.repeat(name + 4)}${line(classes.map((_, i) => i))}`,
    ...cells.map((row, i) => `${String(i).padStart(3)} ${(classes[i] ?? '').padEnd(name)}${line(row)}`),
  ].join('\n');
}
