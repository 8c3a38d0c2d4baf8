import { numbersAmong, UNKNOWN } from './class-numbers.js';
import type { Source } from './source.js';

/** What sources have in common. */
export interface JoinedLabels {
  readonly classes: readonly string[] | undefined;
  /** Class of each image, one source after the other, −1 where it has none; undefined where there are no classes. */
  readonly labels: Int32Array | undefined;
  readonly notes: readonly string[];
}

/**
 * Joins the labels of several sources. Classes are the same by name, else by number; one may lack some of another's. Where
 * it has none of them, they are other classes, and there are none in common.
 */
export function joinLabels(sources: readonly Pick<Source, 'length' | 'classes' | 'labels'>[]): JoinedLabels {
  const named = sources.flatMap(({ classes }) => (classes ? [classes] : []));
  if (named.length === 0) return { classes: undefined, labels: undefined, notes: [] };
  const classes = [...named.reduce((most, each) => (each.length > most.length ? each : most))];
  const labels = new Int32Array(sources.reduce((total, { length }) => total + length, 0)).fill(-1);
  let first = 0;
  for (const source of sources) {
    const numbers = [...numbersAmong(classes, source.classes ?? [])];
    if (numbers.length > 0 && numbers.every((number) => number === UNKNOWN)) {
      const note = `the sources have different classes, so no labels are used: ${classes[0]}, …; ${source.classes?.[0]}, …`;
      return { classes: undefined, labels: undefined, notes: [note] };
    }
    for (const [i, number] of numbers.entries())
      if (number === UNKNOWN) numbers[i] = classes.push(source.classes?.[i] ?? '') - 1;
    for (const [i, label] of (source.labels ?? []).entries()) labels[first + i] = numbers[label] ?? -1;
    first += source.length;
  }
  return { classes, labels, notes: [] };
}
