import { existsSync, realpathSync, statSync } from 'node:fs';
import { UserError } from '../errors.js';
import { imageFolder } from './image-folder.js';
import { parquetSource } from './parquet.js';
import { findShards, isPattern } from './shards.js';
import type { Source } from './source.js';
import type { Split } from './splits.js';
import { syntheticSource } from './synthetic.js';
import { tarEndings, webDataset } from './webdataset.js';

/** Looks at what a person gave as data: which kind it is, and what is in it. @throws UserError */
export async function openSource(source: string, split: Split | undefined): Promise<Source> {
  const synthetic = /^synthetic(?::(\d+))?$/.exec(source);
  if (synthetic) {
    const [, count] = synthetic;
    if (count !== undefined && !(Number(count) > 0 && Number(count) <= 2 ** 24))
      throw new UserError(`${source}: the count of scenes must be in 1 … ${2 ** 24}`);
    return syntheticSource(split ?? 'train', count === undefined ? undefined : Number(count));
  }
  if (source.startsWith('hf:')) {
    const { downloadFromHub } = await import('./hub.js');
    const { kind, paths, split: found } = await downloadFromHub(source, split);
    return kind === 'parquet' ? parquetSource(source, paths, found) : webDataset(source, paths, found);
  }
  if (!existsSync(source) && !isPattern(source))
    throw new UserError(
      `${source}: no such file or folder; --data takes a folder of images, Parquet, tar files, or "synthetic"`,
    );
  const parquet = findShards(source, ['.parquet']);
  if (parquet.length > 0) return parquetSource(source, parquet, split);
  const tars = findShards(source, tarEndings);
  if (tars.length > 0) return webDataset(source, tars, split);
  if (existsSync(source) && statSync(source).isDirectory()) return imageFolder(source, split);
  throw new UserError(`${source}: neither a folder of images nor Parquet nor tar files`);
}

/** Whether sources lie at the same places: two ways of writing the same folder are one place. */
export function samePlaces(one: readonly string[], other: readonly string[]): boolean {
  const place = (source: string): string => (existsSync(source) ? realpathSync(source) : source);
  return one.map(place).sort().join('\n') === other.map(place).sort().join('\n');
}
