import { basename, dirname, posix, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { count, some } from '../words.js';
import { readDatasetJson } from './dataset-file.js';
import { checkFactsPlace, type DatasetFacts, FACTS } from './dataset-json.js';
import { type DataFile, someOf } from './folder.js';
import { factsOfPaths, type PathFacts } from './path-facts.js';
import { below, byKind, type FilesByKind, filesIn, filesOf } from './shard-files.js';
import { chooseSplit, type Split, splitIn } from './splits.js';

/** A file of many images. */
export interface Shard extends DataFile, PathFacts {}

/** A data set that is cut in shards. */
export interface Shards {
  readonly kind: 'parquet' | 'tar';
  /** As the person gave it. */
  readonly source: string;
  /** In order. */
  readonly files: readonly Shard[];
  readonly facts: DatasetFacts;
  /** The split that the source itself names. */
  readonly split?: Split | undefined;
  /** What lies there and is not read, or was guessed: a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Looks for shards: a file, in and below a folder, or by a pattern; Parquet before tar, and either before images. In a
 * sub-folder with more images than shards they are taken for strays.
 * @returns undefined for a source without any
 * @throws UserError for a pattern that finds nothing, or a `dataset.json` that does not fit
 */
export function findShards(source: string): Shards | undefined {
  const { root, files: all } = filesOf(source);
  const files = byKind(all);
  const isStray = straysAmong(files);
  const kind = (['parquet', 'tar'] as const).find((each) => files[each].some((file) => !isStray(file)));
  if (kind === undefined) return undefined;
  const found = files[kind].filter((file) => !isStray(file));
  const { folder, facts } = readFacts(root, kind, source === root ? files.facts : []);
  const told = factsOfPaths(found.map(({ name }) => name));
  return {
    ...{ kind, source, facts },
    files: found.map((file) => {
      const { split = splitOfFolder(root), configuration = '' } = told.get(file.name) ?? {};
      const listed = facts.splitOf && { split: facts.splitOf(below(folder, file.path)) };
      return { ...file, split, configuration, ...listed };
    }),
    notes: notRead(files, found),
  };
}

const splitOfFolder = (folder: string): Split | undefined => splitIn(basename(resolve(folder)));

/** The table of a folder of images in Hugging Face's layout, which holds none itself. */
const isMetadata = ({ name }: DataFile): boolean => /(^|\/)metadata\.parquet$/i.test(name);

/** Tells whether a shard lies below the top among more images than shards, or tells of images beside it. */
function straysAmong(files: FilesByKind): (file: DataFile) => boolean {
  const surplus = new Map<string, number>();
  const add = ({ name }: DataFile, more: number): void => {
    const folder = posix.dirname(name);
    surplus.set(folder, (surplus.get(folder) ?? 0) + more);
  };
  for (const file of files.image) add(file, 1);
  for (const file of [...files.parquet, ...files.tar]) add(file, -1);
  return (file) =>
    (files.image.length > 0 && isMetadata(file)) ||
    (file.name.includes('/') && (surplus.get(posix.dirname(file.name)) ?? 0) > 0);
}

/** What there is beside the files that are read: a sentence on each kind. */
export function notRead(files: FilesByKind, read: readonly DataFile[]): string[] {
  const taken = new Set(read);
  const left = (thing: string, among: readonly DataFile[]): string[] => {
    const others = among.filter((file) => !taken.has(file));
    return others.length > 0 ? [`${count(others.length, thing)} not read: ${someOf(others)}`] : [];
  };
  return [
    ...left('Parquet file', files.parquet),
    ...left('tar file', files.tar),
    ...left('archive', files.archive),
    ...left('image', files.image),
  ];
}

/**
 * Reads the `dataset.json` of shards, and checks that what its splits list is there.
 * @param found those below the root; it alone is looked at where there are none
 */
function readFacts(
  root: string,
  kind: Shards['kind'],
  [found, another]: readonly DataFile[],
): { folder: string; facts: DatasetFacts } {
  if (found && another)
    throw new UserError(
      `${another.path}: a second dataset.json, after ${found.path}; keep one, for all of ${root}`,
    );
  if (found)
    checkFactsPlace(dirname(found.path), basename(found.path) === FACTS ? found : undefined, [found]);
  const folder = found ? dirname(found.path) : root;
  const facts = readDatasetJson(folder, kind);
  facts.checkListed?.(byKind(filesIn(folder))[kind].map(({ name }) => name));
  return { folder, facts };
}

/** The shards of a split, and the others. */
export interface ChosenShards {
  readonly split: Split;
  readonly chosen: readonly Shard[];
  readonly others: readonly Shard[];
  /** What became of those in no split, and of those in several folders. */
  readonly notes: readonly string[];
}

/**
 * Chooses a split. Beside validation or test shards, and no training ones, those in no split are for training.
 * @throws MissingSplit where it is not there
 */
export function chooseShards({ source, files, split: own }: Shards, wanted: Split | undefined): ChosenShards {
  const loose = files.filter((shard) => shard.split === undefined);
  const isTrained = files.some((shard) => shard.split === 'train') || loose.length === files.length;
  const splitOf = (shard: Shard): Split | undefined => shard.split ?? (isTrained ? undefined : 'train');
  const split = chooseSplit(source, new Set(files.map(splitOf)), wanted ?? own);
  const isChosen = (shard: Shard): boolean => split === 'all' || splitOf(shard) === split;
  const note = isTrained
    ? `${count(loose.length, 'file')} in no split, so not used: ${someOf(loose)}`
    : `${count(loose.length, 'file')} in no split, so taken for training: ${someOf(loose)}`;
  const chosen = files.filter(isChosen);
  const folders = [...new Set(chosen.map(({ configuration }) => configuration || '.'))];
  return {
    split,
    chosen,
    others: files.filter((shard) => !isChosen(shard)),
    notes: [
      ...(loose.length > 0 && (isTrained ? split !== 'all' : split === 'train') ? [note] : []),
      ...(folders.length > 1 ? [`folders read together: ${some(folders)}`] : []),
    ],
  };
}
