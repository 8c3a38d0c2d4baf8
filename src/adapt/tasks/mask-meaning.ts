import { areNumbers } from '../../data/class-numbers.js';
import { UserError } from '../../errors.js';
import type { MaskMeaning, TaskSet } from './task.js';

/**
 * Masks mean what their dataset.json says, else what the options say, else numbers are the classes.
 * @param data their sources
 * @param said what the options say
 * @returns the line that a dataset.json needs, in a sentence; undefined where there is one that tells the classes
 * @throws UserError where the options say something else than dataset.json
 */
export function checkMaskMeaning(
  data: readonly string[],
  { classes, ignored }: Pick<TaskSet, 'classes' | 'ignored'>,
  said: MaskMeaning,
): string | undefined {
  const source = data.join(' + ');
  if (said.classes !== undefined && said.classes.join('\n') !== classes.join('\n'))
    throw new UserError(`${source}: its dataset.json names its classes; leave --classes out`, 2);
  if (said.ignored !== undefined && said.ignored !== ignored)
    throw new UserError(
      `${source}: its dataset.json says that class ${ignored} is ignored; leave --ignored out`,
      2,
    );
  const line = JSON.stringify({ classes, ignored });
  if (said.classes !== undefined)
    return `${source}: to keep the names with the masks, write into a file dataset.json beside them: ${line}`;
  if (!areNumbers(classes)) return undefined;
  return `${source}: the classes of its masks have no names; give --classes, or write into a file dataset.json beside them, with names: ${line}`;
}
