import { UserError } from '../../errors.js';

/**
 * The number that each class of `found` has among `known`.
 * @param source where they were found, for the message
 * @throws UserError naming the first that is none of them
 */
export function numbersAmong(
  known: readonly string[],
  found: readonly string[],
  source: string,
): readonly number[] {
  return found.map((name) => {
    const number = known.indexOf(name);
    if (number >= 0) return number;
    const some = known.slice(0, 5).join(', ') + (known.length > 5 ? `, … (${known.length})` : '');
    throw new UserError(`${source}: its class "${name}" is none of those learned: ${some}`);
  });
}
