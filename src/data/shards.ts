import { dirname, relative, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { some } from '../words.js';
import { type DatasetFacts, readDatasetJson } from './dataset-json.js';
import { factsOfPaths } from './path-facts.js';
import { byKind, type FilesByKind, filesBelow, filesOf } from './shard-files.js';
import { chooseSplit, type Split, splitIn } from './splits.js';

/** A file of many images. */
export interface Shard {
  readonly path: string;
  readonly split: Split | undefined;
}

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
 * @returns the shards; of a source without any only the notes
 * @throws UserError for a pattern that finds nothing, or a `dataset.json` that does not fit
 */
export function findShards(source: string): Shards | Pick<Shards, 'notes'> {
  const { root, paths } = filesOf(source);
  const files = byKind(paths);
  const isStray = strayIn(root, files);
  const kind = (['parquet', 'tar'] as const).find((each) => files[each].some((path) => !isStray(path)));
  const found = kind === undefined ? [] : files[kind].filter((path) => !isStray(path));
  const taken = new Set(found);
  const left = (what: string, among: readonly string[]): string[] =>
    leftOut(
      what,
      among.filter((path) => !taken.has(path)).map((path) => below(root, path)),
    );
  const notes = [
    ...left('Parquet file', files.parquet),
    ...left('tar file', files.tar),
    ...left('archive', files.archive),
  ];
  if (kind === undefined) return { notes };
  const { folder, facts } = readFacts(root, kind, source === root ? files.facts : undefined);
  const told = factsOfPaths(found.map((path) => below(root, path)));
  const configurations = new Set([...told.values()].map(({ configuration }) => configuration));
  const shards = found.map((path) => ({
    path,
    split: facts.splitOf
      ? facts.splitOf(below(folder, path))
      : (told.get(below(root, path))?.split ?? splitOfFolder(root)),
  }));
  return {
    ...{ kind, source, facts },
    files: shards,
    notes: [
      ...notes,
      ...left('image', files.image),
      ...(configurations.size > 1 ? [`its folders are read together: ${some([...configurations])}`] : []),
    ],
  };
}

/** A path below a folder, with slashes. */
const below = (folder: string, path: string): string => relative(folder, path).replaceAll('\\', '/');

const splitOfFolder = (folder: string): Split | undefined => splitIn(resolve(folder).replace(/^.*[\\/]/, ''));

/** Whether a shard lies below the top among more images than shards. */
function strayIn(root: string, files: FilesByKind): (path: string) => boolean {
  const surplus = new Map<string, number>();
  const add = (path: string, count: number): void => {
    surplus.set(dirname(path), (surplus.get(dirname(path)) ?? 0) + count);
  };
  for (const path of files.image) add(path, 1);
  for (const path of [...files.parquet, ...files.tar]) add(path, -1);
  return (path) => below(root, path).includes('/') && (surplus.get(dirname(path)) ?? 0) > 0;
}

/**
 * Reads the `dataset.json` of shards and checks that the files of its splits are there.
 * @param files those in and below the root where all is read, else the root alone is looked at
 */
function readFacts(
  root: string,
  kind: Shards['kind'],
  files: readonly string[] | undefined,
): { folder: string; facts: DatasetFacts } {
  const [file, another] = files ?? [];
  if (another !== undefined)
    throw new UserError(`${another}: a second dataset.json, after ${file}; keep one, for all of ${root}`);
  const folder = file === undefined ? root : dirname(file);
  const facts = readDatasetJson(folder, kind);
  facts.checkListed?.(byKind(filesBelow(folder))[kind].map((path) => below(folder, path)));
  return { folder, facts };
}

/** A sentence on files that are not read. */
export function leftOut(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const count = `${names.length.toLocaleString('en-US')} ${what}${names.length > 1 ? 's are' : ' is'} not read`;
  return [`${count}: ${some(names)}`];
}

/** The shards of a split, and the others. */
export interface ChosenShards {
  readonly split: Split;
  readonly chosen: readonly Shard[];
  readonly others: readonly Shard[];
  /** What became of those in no split. */
  readonly notes: readonly string[];
}

/**
 * Chooses a split. Beside validation or test shards, and no training ones, those in no split are for training.
 * @throws MissingSplit where it is not there
 */
export function chooseShards({ source, files, split: own }: Shards, wanted: Split | undefined): ChosenShards {
  const splits = new Set(files.map((shard) => shard.split));
  const loose = files.filter((shard) => shard.split === undefined);
  const all = splits.size > 1 && !splits.has('train') ? 'train' : undefined;
  const of = (shard: Shard): Split | undefined => shard.split ?? all;
  const split = chooseSplit(source, new Set(files.map(of)), wanted ?? own);
  const chosen = files.filter((shard) => split === 'all' || of(shard) === split);
  const names = loose.map(({ path }) => path.replace(/^.*[\\/]/, ''));
  const rest =
    splits.size === 1 || split === 'all' || names.length === 0
      ? []
      : all === undefined
        ? leftOut('file in no split', names)
        : [`what tells no split is taken for training: ${some(names)}`];
  return { split, chosen, others: files.filter((shard) => !chosen.includes(shard)), notes: rest };
}
