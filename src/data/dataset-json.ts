import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.js';
import { readJson } from '../json-file.js';
import { type Split, splitIn } from './splits.js';

const schema = z.strictObject({
  classes: z
    .array(z.string())
    .min(1)
    .max(256)
    .refine((names) => new Set(names).size === names.length, 'two have the same name')
    .optional(),
  ignored: z.int().min(0).max(255).optional(),
  splits: z.record(z.string(), z.array(z.string())).optional(),
});

/** What a data set says of itself in a file `dataset.json`; each part may be missing. */
export interface DatasetFacts {
  /** Names of the classes: of class 0, 1, … */
  readonly classes?: readonly string[];
  /** The class of pixels that count for nothing. */
  readonly ignored?: number;
  /** The split that a sample is in, by its path below the data set's folder; undefined where no split names it. */
  readonly splitOf?: (path: string) => Split | undefined;
}

/**
 * Reads `dataset.json` of a folder: `{"classes": ["sky", …], "ignored": 11, "splits": {"train": ["0001", …]}}`. A split
 * lists files, files without their ending, or folders.
 * @throws UserError for a file that is not of this form
 */
export function readDatasetJson(folder: string): DatasetFacts {
  const file = join(folder, 'dataset.json');
  if (!existsSync(file)) return {};
  const parsed = schema.safeParse(readJson(file));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    if (issue?.code === 'unrecognized_keys')
      throw new UserError(`${file}: unknown key ${issue.keys[0]}; its keys are classes, ignored, splits`);
    throw new UserError(`${file}: ${issue?.path.join('.') || 'content'}: ${issue?.message ?? 'not valid'}`);
  }
  const { splits, ...facts } = parsed.data;
  return { ...facts, ...(splits === undefined ? {} : { splitOf: membership(file, splits) }) };
}

function membership(
  file: string,
  splits: Readonly<Record<string, readonly string[]>>,
): (path: string) => Split | undefined {
  const splitByName = new Map<string, Split>();
  for (const [key, names] of Object.entries(splits)) {
    const split = splitIn(key);
    if (split === undefined)
      throw new UserError(`${file}: unknown split ${key}; splits are train, validation and test`);
    for (const name of names) {
      const before = splitByName.get(name);
      if (before !== undefined && before !== split)
        throw new UserError(`${file}: ${name} is in two splits, ${before} and ${split}`);
      splitByName.set(name, split);
    }
  }
  return (path) => {
    const parts = path.split(/[\\/]/);
    for (let count = parts.length; count > 0; count--) {
      const name = parts.slice(0, count).join('/');
      const split = splitByName.get(name) ?? splitByName.get(withoutEnding(name));
      if (split !== undefined) return split;
    }
    return undefined;
  };
}

/** A path without the ending of its last part. */
export function withoutEnding(path: string): string {
  return path.replace(/(?<=[^\\/])\.[^.\\/]+$/, '');
}
