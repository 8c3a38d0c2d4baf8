import { createHash } from 'node:crypto';
import { closeSync, constants, ftruncateSync, futimesSync, openSync, statfsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { cacheFolder, makeRoom } from '../cache.js';
import { systemRefusal, UserError } from '../errors.js';
import { makeFolder } from '../make-folder.js';
import { warn } from '../warning.js';
import { mebibytes } from '../words.js';
import type { Fit } from './encoded-image.js';
import { DIGEST } from './pixel-store.js';
import type { Pixels, Source } from './source.js';

/** Counted up when the same files would be decoded to other pixels. */
const DECODING = 2;
const ENDING = '.pixels';
/** The most of what a disk has free that one file may take: a run's checkpoints may need the rest. */
const SHARE_OF_FREE = 0.9;
/** GiB that the cache takes at most where the environment does not say. */
const USUAL_LIMIT = 32;

/** What the cache's files may take together, bytes: `$IWM_CACHE_GIB`, else 32 GiB. @throws UserError */
export function cacheLimit(): number {
  const text = process.env.IWM_CACHE_GIB ?? String(USUAL_LIMIT);
  const limit = text.trim() === '' ? Number.NaN : Number(text);
  if (!(limit >= 0)) throw new UserError(`IWM_CACHE_GIB is ${text}; give a number of GiB`, 2);
  return limit * 2 ** 30;
}

/**
 * Opens the file of decoded images that belongs to these sources as they are now and these settings, makes it where it
 * is missing, and makes room for it: those least recently used go first, whoever still reads one keeps it.
 * @returns an open file, its name and whether nothing had been written to it; undefined where it would be larger than the limit, or – with a warning – the
 *   disk has no room for it or the folder cannot be written to
 */
export function openCacheFile(
  sources: readonly Source[],
  chosen: Int32Array,
  size: number,
  fit: Fit,
): { file: number; name: string; wasEmpty: boolean } | undefined {
  const folder = cacheFolder();
  const bytes = chosen.length * (size * size * 3 + DIGEST);
  const limit = cacheLimit();
  if (bytes > limit) return undefined;
  const name = join(folder, `${keyOf(sources, chosen, size, fit)}${ENDING}`);
  try {
    makeFolder(folder);
    makeRoom(folder, ENDING, name, limit - bytes);
    const { bavail, bsize } = statfsSync(folder);
    const blocks = statSync(name, { throwIfNoEntry: false })?.blocks ?? 0;
    const missing = bytes - 512 * blocks;
    if (missing > SHARE_OF_FREE * bavail * bsize) {
      return refuse(`${folder}: they take ${mebibytes(missing)}, and ${mebibytes(bavail * bsize)} are free`);
    }
    const file = openSync(name, constants.O_RDWR | constants.O_CREAT);
    try {
      // All zeros where nothing is written yet, without taking room on the disk.
      ftruncateSync(file, bytes);
      futimesSync(file, new Date(), new Date());
    } catch (error) {
      closeSync(file);
      throw error;
    }
    return { file, name, wasEmpty: blocks === 0 };
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (['EACCES', 'EROFS', 'EPERM', 'ENOTDIR', 'EEXIST', 'ENOSPC', 'EDQUOT'].includes(code))
      return refuse(systemRefusal(error) ?? message);
    throw error;
  }
}

function refuse(reason: string): undefined {
  warn(`decoded images are kept in memory and not for the next run: ${reason}`);
}

/**
 * Other files, places, dates, settings or decoders give another key. Of a file's dates the last one is when it was changed
 * in any way: copying sets the one before to the original's (`cp -p`, `rsync -t`), and uncompressed images have equal
 * sizes. An inode would say no more, and network disks give new ones at every mount.
 */
const missing = { size: -1, mtimeMs: -1, ctimeMs: -1 };

function keyOf(sources: readonly Source[], chosen: Int32Array, size: number, fit: Fit): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify({ DECODING, decoder: sharp.versions, size, fit }));
  for (const { pixels, length } of sources) {
    hash.update(
      JSON.stringify({ kind: pixels.kind, length, column: 'column' in pixels ? pixels.column : '' }),
    );
    for (const path of filesOf(pixels)) {
      const { size: bytes, mtimeMs, ctimeMs } = statSync(path, { throwIfNoEntry: false }) ?? missing;
      hash.update(`\0${resolve(path)}\0${bytes}\0${mtimeMs}\0${ctimeMs}`);
    }
  }
  return hash.update(chosen).digest('hex').slice(0, 32);
}

function filesOf(pixels: Pixels): readonly string[] {
  if (pixels.kind === 'synthetic') return [];
  return pixels.kind === 'files' ? pixels.paths : pixels.files.map(({ path }) => path);
}
