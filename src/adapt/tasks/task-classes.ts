import { someOf } from '../../data/class-numbers.js';
import { UserError } from '../../errors.js';

/** Of a class that occurs in `source` and is none of those known. */
export const unknownClass = (source: string, name: string, known: readonly string[]): UserError =>
  new UserError(`${source}: its class "${name}" is none of those learned: ${someOf(known)}`);
