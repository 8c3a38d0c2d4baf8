/** Classes up to which the confusion matrix is drawn. */
const MOST = 20;

/**
 * A confusion matrix as a table where it fits on a screen.
 * @param counts of class i (row) taken for class j (column)
 * @param as the counts themselves, or of each row the shares in percent
 */
export function describeConfusion(
  classes: readonly string[],
  counts: readonly (readonly number[])[],
  as: 'counts' | 'shares',
): string {
  if (classes.length > MOST) return `confusion of ${classes.length} classes: see --json`;
  const cells = counts.map((row) => {
    const total = row.reduce((a, b) => a + b, 0);
    return row.map((count) => (as === 'counts' ? count : Math.round((100 * count) / Math.max(1, total))));
  });
  const name = Math.max(...classes.map((each) => each.length));
  const cell = Math.max(
    4,
    String(Math.max(...cells.flat())).length + 1,
    ...classes.map((_, i) => `${i}`.length + 1),
  );
  const line = (values: readonly number[]): string =>
    values.map((each) => String(each).padStart(cell)).join('');
  return [
    `confusion: rows are the classes, columns what they were taken for${as === 'shares' ? ', % of the row' : ''}`,
    `${' '.repeat(name + 4)}${line(classes.map((_, i) => i))}`,
    ...cells.map((row, i) => `${String(i).padStart(3)} ${(classes[i] ?? '').padEnd(name)}${line(row)}`),
  ].join('\n');
}
