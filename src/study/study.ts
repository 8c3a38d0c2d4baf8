import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.js';
import { readJson } from '../json-file.js';
import { parseSettings } from '../run/settings.js';
import { studyFile, studyNames } from './shipped.js';

const name = z.string().regex(/^[\w.+-]+$/, 'a name of letters, digits and . + - _');
const settings = z.record(z.string(), z.unknown());

/** A small grid of runs, declared in a file. */
const studySchema = z.strictObject({
  about: z.string().describe('what is asked'),
  expected: z.string().describe('what should come of it, and where that is from'),
  cost: z.string().describe('how long it takes, and on what'),
  preset: z.string().describe('that all runs are changes of'),
  data: z.array(z.string()).describe('sources of images to train on'),
  test: z
    .array(z.string())
    .optional()
    .describe('labelled images to measure on, where not those that a run held out'),
  settings: settings.optional().describe('what all runs set'),
  axes: z
    .record(name, z.record(name, settings))
    .describe('what is varied: an axis, its levels by name, and what each of them sets; all are combined'),
  seeds: z.array(z.int().min(0)).min(1).describe('of every arm'),
  measures: z
    .record(name, z.string())
    .describe(
      'commands of iwm after the training, by name; {run}, {out}, {data} and {test} stand for what they are',
    ),
  columns: z
    .record(z.string(), z.string())
    .describe('numbers of the table: where each stands in what a command told, such as evaluate.mrr.value'),
  figures: z
    .array(
      z.strictObject({
        x: z.string(),
        y: z.string(),
        without: z.array(z.string()).optional().describe('levels whose runs are left out, as controls are'),
      }),
    )
    .optional()
    .describe('pictures of one column, or axis, against another column'),
});

export type Study = Readonly<z.infer<typeof studySchema>> & { readonly name: string };
export type Figure = NonNullable<Study['figures']>[number];

/**
 * A study by its name, or from a file of one's own.
 * @throws UserError where there is none, or the file declares none
 */
export function readStudy(asked: string): Study {
  const named = studyNames().includes(asked);
  const file = named ? studyFile(asked) : asked;
  if (!named && !existsSync(file))
    throw new UserError(
      `there is no study ${asked} and no such file; studies are ${studyNames().join(', ')}, or a file of your own`,
      2,
    );
  try {
    const study = parseSettings(studySchema, readJson(file));
    checkNames(study);
    return { ...study, name: basename(file, '.json') };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${file}: ${error.message.replace(' in the configuration', '')}`, 2);
  }
}

/** What measures make has a place of its own; columns speak of commands that are there, figures of columns and axes. */
function checkNames({ columns, measures, axes, figures = [] }: z.infer<typeof studySchema>): void {
  const refuse = (what: string, told: string, known: readonly string[]): never => {
    throw new UserError(`${what} ${told} is none of ${known.join(', ')}`);
  };
  // A measure's file and folder are called as it is, and are removed after an interruption.
  const taken = Object.keys(measures).find((each) => /^(run|pretrain|\.+)$/.test(each));
  if (taken !== undefined)
    throw new UserError(`measure ${taken}: what a run has already is called so; give it another name`);
  const commands = ['pretrain', ...Object.keys(measures)];
  for (const place of Object.values(columns)) {
    const command = place.split('.')[0] as string;
    if (!commands.includes(command)) refuse('command', command, commands);
  }
  const levels = Object.values(axes).flatMap((axis) => Object.keys(axis));
  for (const { x, y, without = [] } of figures) {
    for (const level of without) if (!levels.includes(level)) refuse('level', level, levels);
    if (columns[y] === undefined) refuse('column', y, Object.keys(columns));
    if (columns[x] === undefined && axes[x] === undefined)
      refuse('column or axis', x, [...Object.keys(columns), ...Object.keys(axes)]);
  }
}
