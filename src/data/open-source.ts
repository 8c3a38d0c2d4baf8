import { existsSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { FACTS } from './dataset-json.js';
import { imageFolder } from './image-folder.js';
import { parquetSource } from './parquet.js';
import { parseColumns } from './parquet-columns.js';
import { readFolder } from './read-folder.js';
import { isPattern } from './shard-files.js';
import { findShards, type Shards } from './shards.js';
import type { Source } from './source.js';
import type { Split } from './splits.js';
import { findSynthetic } from './synthetic.js';
import { webDataset } from './webdataset.js';

/** Looks at what a person gave as data: which kind it is, and what is in it. @throws UserError */
export async function openSource(source: string, split: Split | undefined): Promise<Source> {
  const synthetic = findSynthetic(source, split ?? 'train');
  if (synthetic) return synthetic;
  const { place, columns } = existsSync(source)
    ? { place: source, columns: undefined }
    : parseColumns(source);
  const shards = await lookForShards(place, split);
  if (shards?.kind === 'parquet') return parquetSource(shards, split, columns);
  if (columns !== undefined)
    throw new UserError(`${source}: columns are of Parquet files, and there are none`, 2);
  if (shards !== undefined) return webDataset(shards, split);
  if (!isFolder(place))
    throw new UserError(`${source}: neither a folder of images nor Parquet nor tar files`);
  const found = imageFolder(readFolder(place), split);
  return { ...found, notes: [...(found.notes ?? []), ...unreadBeside(place)] };
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** A sentence on a `dataset.json` beside the folder that is given, of whose images it may speak. */
function unreadBeside(folder: string): string[] {
  const [own, beside] = [join(folder, FACTS), join(resolve(folder), '..', FACTS)];
  return existsSync(beside) && !existsSync(own)
    ? [`${beside} is not read, as it lies beside ${folder}; give its folder to have it read`]
    : [];
}

/** The shards of a source, downloaded where they are on the hub; undefined for a source without any. */
async function lookForShards(source: string, split: Split | undefined): Promise<Shards | undefined> {
  if (source.startsWith('hf:')) {
    const { downloadFromHub } = await import('./hub.js');
    return downloadFromHub(source, split);
  }
  if (!existsSync(source) && !isPattern(source))
    throw new UserError(
      `${source}: no such file or folder; --data takes a folder of images, Parquet, tar files, or "synthetic"`,
    );
  return findShards(source);
}

/** Whether sources lie at the same places: two ways of writing the same folder are one place. */
export function samePlaces(one: readonly string[], other: readonly string[]): boolean {
  const place = (source: string): string => (existsSync(source) ? realpathSync(source) : source);
  return one.map(place).sort().join('\n') === other.map(place).sort().join('\n');
}
