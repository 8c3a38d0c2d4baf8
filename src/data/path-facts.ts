import { type Split, splitIn, splitsAmong } from './splits.js';

/** What the path of a file tells of it, among the others of its data set. */
export interface PathFacts {
  readonly split: Split | undefined;
  /** The folders it lies in, without those that are splits or `data`; empty where none is left. */
  readonly configuration: string;
}

/**
 * Reads the paths of a data set's files: `data/train-0.parquet`, `small/test/0.parquet`. A file's own name tells its
 * split before the folders do, the innermost first; a folder's name is a split by what lies beside it.
 * @param paths below the data set's folder, with slashes
 */
export function factsOfPaths(paths: readonly string[]): Map<string, PathFacts> {
  const inside = new Map<string, Set<string>>();
  for (const path of paths) {
    const folders = path.split('/').slice(0, -1);
    for (const [depth, folder] of folders.entries()) {
      const parent = folders.slice(0, depth).join('/');
      inside.set(parent, (inside.get(parent) ?? new Set()).add(folder));
    }
  }
  const splits = new Map([...inside].map(([parent, names]) => [parent, splitsAmong([...names])]));
  return new Map(
    paths.map((path) => {
      const folders = path.split('/').slice(0, -1);
      const told = folders.map((name, depth) => splits.get(folders.slice(0, depth).join('/'))?.get(name));
      const others = folders.filter((name, depth) => told[depth] === undefined && name !== 'data');
      const own = splitIn(path.slice(path.lastIndexOf('/') + 1));
      const split = own ?? told.findLast((each) => each !== undefined);
      return [path, { split, configuration: others.join('/') }];
    }),
  );
}
