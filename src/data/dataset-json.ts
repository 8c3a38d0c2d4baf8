import { z } from 'zod';
import { UserError } from '../errors.js';
import { parseJson } from '../json.js';
import type { DataFile } from './folder.js';
import { basename, withoutEnding } from './path-names.js';
import { type Split, splitIn } from './splits.js';

/** The file in which a data set says what it is. */
export const FACTS = 'dataset.json';

const schema = z.strictObject({
  classes: z
    .array(z.string())
    .min(1)
    .refine((names) => new Set(names).size === names.length, 'two have the same name')
    .optional(),
  ignored: z.int().min(0).max(255).optional(),
  splits: z.record(z.string(), z.array(z.string())).optional(),
  columns: z.strictObject({ image: z.string().optional(), label: z.string().optional() }).optional(),
});

/** The kinds of data that it may lie beside, in words, and the keys that mean something there. */
const kinds = {
  images: { what: 'images', keys: ['classes', 'ignored', 'splits'] },
  tar: { what: 'tar files', keys: ['classes', 'ignored', 'splits'] },
  parquet: { what: 'Parquet files', keys: ['classes', 'splits', 'columns'] },
};

/** The kind of data that a `dataset.json` lies beside. */
export type DataKind = keyof typeof kinds;

/** What a data set says of itself in a file `dataset.json`; each part may be missing. */
export interface DatasetFacts {
  /** Names of the classes: of class 0, 1, … */
  readonly classes?: readonly string[];
  /** The class of pixels that count for nothing. */
  readonly ignored?: number;
  /** The split that a sample is in, by its path below the data set's folder; undefined where no split names it. */
  readonly splitOf?: (path: string) => Split | undefined;
  /** Whether a split lists this name itself: a file, a file without its ending, or a folder. */
  readonly lists?: (name: string) => boolean;
  /** @throws UserError naming what a split lists and is none of these paths, nor a folder on the way to one */
  readonly checkListed?: (paths: Iterable<string>) => void;
  /** The columns of Parquet files that hold images and labels. */
  readonly columns?: { readonly image?: string | undefined; readonly label?: string | undefined };
}

/**
 * Reads a `dataset.json`: `{"classes": ["sky", …], "ignored": 11, "splits": {"train": ["0001", …]}}`. A split
 * lists files, files without their ending, or folders. Beside Parquet also `{"columns": {"image": "img", "label": "fine"}}`.
 * @param text undefined where there is none
 * @param file what to call it in messages
 * @param kind of the data beside it
 * @throws UserError for a file that is not of this form, or says what means nothing there
 */
export function parseDatasetJson(
  text: string | undefined,
  file: string,
  kind: DataKind = 'images',
): DatasetFacts {
  if (text === undefined) return {};
  const json = parseJson(text);
  if (json === undefined) throw new UserError(`${file} is not valid JSON`);
  const { what, keys } = kinds[kind];
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    if (issue?.code === 'unrecognized_keys')
      throw new UserError(`${file}: unknown key ${issue.keys[0]}; its keys are ${keys.join(', ')}`);
    throw new UserError(`${file}: ${issue?.path.join('.') || 'content'}: ${issue?.message ?? 'not valid'}`);
  }
  const idle = Object.keys(parsed.data).find((key) => !keys.includes(key));
  if (idle !== undefined) throw new UserError(`${file}: ${idle} means nothing beside ${what}; remove it`);
  const { splits, columns, ...facts } = parsed.data;
  return {
    ...facts,
    ...(splits && membership(file, splits)),
    ...(columns && { columns }),
  };
}

/**
 * Refuses a file that is called like a `dataset.json` and is not the one that is read: what it declares would be ignored.
 * @param folder of the data set
 * @param read the one that is, where there is one
 * @throws UserError
 */
export function checkFactsPlace(
  folder: string,
  read: DataFile | undefined,
  files: readonly DataFile[],
): void {
  const other = files.find((file) => file !== read && basename(file.name).toLowerCase() === FACTS);
  if (other === undefined) return;
  const where = read?.path ?? `${FACTS} in ${folder}`;
  throw new UserError(
    `${other.path}: only ${where} is read; move what it says there, or give its own folder`,
  );
}

type Membership = Required<Pick<DatasetFacts, 'splitOf' | 'lists' | 'checkListed'>>;

function membership(file: string, splits: Readonly<Record<string, readonly string[]>>): Membership {
  const byName = new Map<string, { readonly split: Split; readonly key: string }>();
  for (const [key, names] of Object.entries(splits)) {
    const split = splitIn(key);
    if (split === undefined)
      throw new UserError(`${file}: unknown split ${key}; splits are train, validation and test`);
    for (const listed of names) {
      const name = plain(listed);
      const before = byName.get(name);
      if (before !== undefined && before.split !== split)
        throw new UserError(`${file}: ${listed} is in two splits, ${before.key} and ${key}`);
      byName.set(name, { split, key });
    }
  }
  return {
    splitOf: (path) => {
      for (const name of namesOf(path)) {
        const listed = byName.get(name);
        if (listed !== undefined) return listed.split;
      }
      return undefined;
    },
    lists: (name) => byName.has(plain(name)),
    checkListed: (paths) => {
      const left = new Map(byName);
      for (const path of paths) for (const name of namesOf(path)) left.delete(name);
      const [first] = left;
      if (first === undefined) return;
      const [name, { key }] = first;
      const more = left.size > 1 ? ` (nor ${left.size - 1} more of its names)` : '';
      throw new UserError(`${file}: ${key} lists ${name}, but there is no such image or folder${more}`);
    },
  };
}

/** A path as it is compared: `./a\\b/` is `a/b`. */
const plain = (path: string): string => path.replace(/\\/g, '/').replace(/^(\.\/)+|\/+$/g, '');

/** What may stand for a file in a split, the closest first: it, it without its ending, the folders that it is in. */
function namesOf(path: string): string[] {
  const parts = plain(path).split('/');
  return parts.flatMap((_, i) => {
    const name = parts.slice(0, parts.length - i).join('/');
    return [name, withoutEnding(name), withoutEnding(name.replace(/\.gz$/i, ''))];
  });
}
