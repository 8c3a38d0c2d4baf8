import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.js';
import { readJson } from '../json-file.js';
import { makeFolder } from '../make-folder.js';
import { writeAtomically } from '../run/disk/atomic-file.js';
import type { Cell, Command } from './cells.js';

/** What came of a command. */
const outcomeSchema = z.object({
  /** What was run, as a person would type it. */
  command: z.string(),
  /** By the clock. */
  seconds: z.number(),
  /** What it was run on. */
  machine: z.string(),
  /** What it told with --json; absent where it failed. */
  result: z.unknown().optional(),
  /** Why it failed, in a line. */
  failure: z.string().optional(),
});

export type Outcome = Readonly<z.infer<typeof outcomeSchema>>;

const fileOf = (folder: string, cell: Cell, command: Command): string =>
  join(folder, cell.name, `${command.name}.json`);

/**
 * What came of a cell's command; undefined where it was not run to its end.
 * @throws UserError where that is damaged, or came of another command
 */
export function readOutcome(folder: string, cell: Cell, command: Command): Outcome | undefined {
  const file = fileOf(folder, cell, command);
  if (!existsSync(file)) return undefined;
  const parsed = outcomeSchema.safeParse(readJson(file));
  if (!parsed.success) throw new UserError(`${file} is no outcome of a command; remove it to run that again`);
  if (parsed.data.command !== describeCommand(command))
    throw new UserError(
      `${file} is of another command (${parsed.data.command}), so the study has changed since; give another --out, or remove it to run that again`,
    );
  return parsed.data;
}

/** As a person would type it; with how many threads is told with the machine. */
export const describeCommand = ({ args }: Command): string => ['npx iwm', ...args].join(' ');

export function writeOutcome(folder: string, cell: Cell, command: Command, outcome: Outcome): void {
  makeFolder(join(folder, cell.name));
  const text = `${JSON.stringify(outcome, null, 2)}\n`;
  writeAtomically(fileOf(folder, cell, command), [new TextEncoder().encode(text)]);
}
