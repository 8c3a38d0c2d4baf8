/** The number of a class that is none of those known. */
export const UNKNOWN = -2;

/** Whether classes have numbers for names, as where nobody has named them; not all need be there, but 0 as their beginning. */
export const areNumbers = (classes: readonly string[]): boolean =>
  classes.includes('0') && classes.every((name) => /^(0|[1-9]\d*)$/.test(name));

/**
 * The number that each class of `found` has among `known`: that of the same name; where one side has mere numbers for
 * names, which need not be all, that of the number. {@link UNKNOWN} for one that is none of them.
 */
export function numbersAmong(known: readonly string[], found: readonly string[]): readonly number[] {
  const numberOf = new Map(known.map((name, i) => [name, i]));
  const [isBare, isBareFound] = [areNumbers(known), areNumbers(found)];
  if (isBare === isBareFound || found.every((name) => numberOf.has(name)))
    return found.map((name) => numberOf.get(name) ?? UNKNOWN);
  if (isBare) return found.map((_, i) => numberOf.get(String(i)) ?? UNKNOWN);
  return found.map((name) => (Number(name) < known.length ? Number(name) : UNKNOWN));
}

/** Names of classes, the first few. */
export const someOf = (names: readonly string[]): string =>
  names.slice(0, 5).join(', ') + (names.length > 5 ? `, … (${names.length})` : '');
