/** The number of a class that is none of those known. */
export const UNKNOWN = -2;

/** Whether classes have numbers for names, as where nobody has named them. */
export const areNumbers = (classes: readonly string[]): boolean =>
  classes.every((name, i) => name === String(i));

/**
 * The number that each class of `found` has among `known`: that of the same name; where either side has mere numbers
 * for names, the same number. {@link UNKNOWN} for one that is none of them.
 */
export function numbersAmong(known: readonly string[], found: readonly string[]): readonly number[] {
  const byNumber = areNumbers(known) || areNumbers(found);
  const numberOf = new Map(known.map((name, i) => [name, i]));
  return found.map((name, i) => numberOf.get(name) ?? (byNumber && i < known.length ? i : UNKNOWN));
}

/** Names of classes, the first few. */
export const someOf = (names: readonly string[]): string =>
  names.slice(0, 5).join(', ') + (names.length > 5 ? `, … (${names.length})` : '');
