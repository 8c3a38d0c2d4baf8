import { createHash, type Hash } from 'node:crypto';
import { existsSync, mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { makeRoom } from '../../data/cache-folder.js';
import type { Flat } from '../../nn/index.js';
import { readStored, writeSafetensors } from '../../run/disk/safetensors-file.js';
import type { Network } from '../network/network.js';
import type { Images, Precision } from './inputs.js';

/** Images hashed at a time. */
const CHUNK = 1024;
/** A file is read in one piece, and Node reads none above 2 GiB so. */
export const LARGEST_FILE = 2 ** 31 - 2 ** 20;

const hashed = (numbers: Float32Array | Uint16Array): Hash =>
  createHash('sha256').update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));

/**
 * SHA-256 of all that latents depend on: the encoder's weights and sizes, how images are prepared, the precision, and
 * every image's pixels in order. It costs decoding the images, and no other image or weight can have the same.
 */
export async function latentsKey(
  images: Images,
  { model, normalisation, image }: Network,
  encoder: Flat<Float32Array>,
  precision: Precision,
): Promise<string> {
  const settings = { encoder: model.encoder, normalisation, image, precision, length: images.length };
  const key = createHash('sha256').update(JSON.stringify(settings));
  for (const weights of Object.values(encoder)) key.update(hashed(weights).digest());
  images.prefetch();
  for (let first = 0; first < images.length; first += CHUNK) {
    const count = Math.min(CHUNK, images.length - first);
    const pixels = await images.batch(Int32Array.from({ length: count }, (_, i) => first + i));
    key.update(hashed(pixels).digest());
  }
  return key.digest('hex');
}

const ENDING = '.safetensors';
const fileOf = (folder: string, key: string): string => join(folder, `${key}${ENDING}`);

/**
 * Latents kept under a key; undefined where there are none.
 * @throws Error where the file is damaged: its numbers are checked against their own SHA-256
 */
export function readLatents(
  folder: string,
  key: string,
  precision: Precision,
): Uint16Array | Float32Array | undefined {
  const file = fileOf(folder, key);
  if (!existsSync(file)) return undefined;
  const { tensors, metadata } = readStored(file, precision === 'float16' ? 'F16' : 'F32');
  const latents = tensors.get('latents')?.data;
  if (latents === undefined || hashed(latents).digest('hex') !== metadata.sha256)
    throw new Error(`${file}: its numbers have changed`);
  // The time of last use decides what goes when room is needed.
  utimesSync(file, new Date(), new Date());
  return latents;
}

/**
 * Keeps latents under a key, and removes those used longest ago until all files together take at most `limit` bytes.
 * @throws Error of the file system
 */
export function writeLatents(
  folder: string,
  key: string,
  latents: Uint16Array | Float32Array,
  shape: readonly number[],
  limit: number,
): void {
  mkdirSync(folder, { recursive: true });
  const file = fileOf(folder, key);
  makeRoom(folder, ENDING, file, limit - latents.byteLength);
  writeSafetensors(file, {
    tensors: new Map([['latents', { shape, data: latents }]]),
    metadata: { key, sha256: hashed(latents).digest('hex') },
  });
}
