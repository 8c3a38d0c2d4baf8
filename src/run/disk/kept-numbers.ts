import { createHash, type Hash } from 'node:crypto';
import { existsSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { makeRoom } from '../../cache.js';
import { systemRefusal } from '../../errors.js';
import type { Log } from '../../log.js';
import { makeFolder } from '../../make-folder.js';
import { gigabytes } from '../../words.js';
import type { Stored } from '../safetensors.js';
import { readStored, writeSafetensors } from './safetensors-file.js';

/** A file is read in one piece, and Node reads none above 2 GiB so. */
export const LARGEST_FILE = 2 ** 31 - 2 ** 20;

const ENDING = '.safetensors';
const fileOf = (folder: string, key: string): string => join(folder, `${key}${ENDING}`);

/** SHA-256 of numbers as they lie in memory. */
export const hashed = (numbers: Stored): Hash =>
  createHash('sha256').update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));

/** Numbers that are dear to compute, and where they may be kept. */
export interface Keeping {
  readonly folder: string;
  /** SHA-256 of all that the numbers depend on, in hexadecimal digits: it is the name of their file. */
  readonly key: string;
  readonly dtype: 'F32' | 'F16';
  /** How many things they are of, in order: as many of each. */
  readonly rows: number;
  /** Bytes that the folder's files may take together. */
  readonly limit: number;
  /** What they are, for messages. */
  readonly what: string;
  readonly log: Log;
}

/** Numbers that an earlier run has kept, else computed ones, kept for the next. A disk that fails is no reason to fail. */
export async function readOrCompute<T extends Stored>(
  keeping: Keeping,
  compute: () => Promise<T>,
): Promise<{ readonly numbers: T; readonly from: 'computed' | 'disk' }> {
  const { folder, key, dtype, what, log } = keeping;
  try {
    const numbers = readKept(folder, key, dtype);
    if (numbers !== undefined) return { numbers: numbers as T, from: 'disk' };
  } catch (error) {
    log.note(`${(error as Error).message}; computed anew`);
  }
  const numbers = await compute();
  try {
    writeKept(keeping, numbers);
  } catch (error) {
    log.note(`${what} are not kept: ${systemRefusal(error) ?? (error as Error).message}`);
  }
  return { numbers, from: 'computed' };
}

/**
 * Numbers kept under a key; undefined where there are none.
 * @throws Error where the file is damaged: its numbers are checked against their own SHA-256
 */
export function readKept(folder: string, key: string, dtype: 'F32' | 'F16'): Stored | undefined {
  const file = fileOf(folder, key);
  if (!existsSync(file)) return undefined;
  const { tensors, metadata } = readStored(file, dtype);
  const numbers = tensors.get('numbers')?.data;
  if (numbers === undefined || hashed(numbers).digest('hex') !== metadata.sha256)
    throw new Error(`${file}: its numbers have changed`);
  // The time of last use decides what goes when room is needed.
  utimesSync(file, new Date(), new Date());
  return numbers;
}

/**
 * Keeps numbers under a key, and removes those used longest ago until all files together take at most `limit` bytes.
 * @throws Error of the file system
 */
export function writeKept(
  { folder, key, rows, limit }: Pick<Keeping, 'folder' | 'key' | 'rows' | 'limit'>,
  numbers: Stored,
): void {
  if (numbers.byteLength > Math.min(limit, LARGEST_FILE))
    throw new Error(`they take ${gigabytes(numbers.byteLength)}`);
  makeFolder(folder);
  const file = fileOf(folder, key);
  // Of all that lies there, also what a killed process has left half written.
  makeRoom(folder, '', file, limit - numbers.byteLength);
  writeSafetensors(file, {
    tensors: new Map([['numbers', { shape: [rows, numbers.length / rows], data: numbers }]]),
    metadata: { key, sha256: hashed(numbers).digest('hex') },
  });
}
