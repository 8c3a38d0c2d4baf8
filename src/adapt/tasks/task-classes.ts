import { someOf } from '../../data/class-numbers.js';
import { UserError } from '../../errors.js';
import { some } from '../../words.js';

/** Of a class that occurs in `source` and is none of those known. */
export const unknownClass = (source: string, name: string, known: readonly string[]): UserError =>
  new UserError(`${source}: its class "${name}" is none of those learned: ${someOf(known)}`);

/** Which of the classes never occur, in words; none where all do. */
export function neverOccurring(classes: readonly string[], occurs: (number: number) => boolean): string[] {
  const missing = classes.flatMap((name, number) => (occurs(number) ? [] : [`"${name}" (${number})`]));
  if (missing.length === 0) return [];
  const [thing, verb] = missing.length === 1 ? ['class', 'occurs'] : ['classes', 'occur'];
  return [`${thing} ${some(missing)} never ${verb}`];
}
