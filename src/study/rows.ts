import { type Outcome, readOutcome } from './cell-folder.js';
import type { Cell } from './cells.js';
import type { Figure, Study } from './study.js';

/** What is known of a cell. */
export interface StudyRow {
  readonly cell: Cell;
  /** By column; those that are not measured are absent. */
  readonly numbers: Readonly<Record<string, number>>;
  /** Of all its commands, by the clock. */
  readonly seconds: number;
  readonly machine: string;
  /** Why it has no more numbers. */
  readonly failure: string | undefined;
}

/** What is known of the cells of which a command has ended. */
export function rowsOf({ columns }: Study, cells: readonly Cell[], folder: string): StudyRow[] {
  return cells.flatMap((cell) => {
    const outcomes = cell.commands.map(
      (command) => [command.name, readOutcome(folder, cell, command)] as const,
    );
    const ended = outcomes.filter((each): each is readonly [string, Outcome] => each[1] !== undefined);
    if (ended.length === 0) return [];
    const told: unknown = Object.fromEntries(ended.map(([name, { result }]) => [name, result]));
    const numbers = Object.entries(columns).flatMap(([column, place]) => {
      const value = at(told, place);
      return typeof value === 'number' ? [[column, value] as const] : [];
    });
    const failed = ended.find(([, { failure }]) => failure !== undefined);
    return [
      {
        cell,
        numbers: Object.fromEntries(numbers),
        seconds: ended.reduce((total, [, { seconds }]) => total + seconds, 0),
        machine: ended[0]?.[1].machine ?? '',
        failure: failed && `${failed[0]}: ${failed[1].failure}`,
      },
    ];
  });
}

/** The rows that a figure is of. */
export const shownIn = ({ without = [] }: Figure, rows: readonly StudyRow[]): readonly StudyRow[] =>
  rows.filter(({ cell }) => !Object.values(cell.levels).some((level) => without.includes(level)));

/** What stands at a dotted place, `tuned.tasks.0.accuracy`; undefined where nothing does. */
const at = (told: unknown, place: string): unknown =>
  place
    .split('.')
    .reduce<unknown>(
      (inside, key) =>
        typeof inside === 'object' && inside !== null && Object.hasOwn(inside, key)
          ? (inside as Record<string, unknown>)[key]
          : undefined,
      told,
    );
