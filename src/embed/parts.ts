import { createHash } from 'node:crypto';
import type { BadSample, ImageSet } from '../data/image-set.js';
import { UserError } from '../errors.js';
import type { Log } from '../log.js';
import { BadSamples } from '../run/bad-samples.js';
import { readKept, writeKept } from '../run/disk/kept-numbers.js';
import { count, duration } from '../words.js';
import { type FeatureEncoder, TOGETHER } from './feature-encoder.js';

/** Images of a part, and its numbers, where {@link TOGETHER} images have no more: what is in memory, and what a kill costs. */
const MOST_IMAGES = 1024;
const MOST_NUMBERS = 2 ** 21;

/** Images that follow each other, and under which key their features are kept. */
export interface Part {
  /** Those that can be read, by their place in the set. */
  readonly images: Int32Array;
  /** SHA-256 of all that the features depend on. */
  readonly key: string;
}

/** Features of all images, on the disk. */
export interface Features {
  readonly images: ImageSet;
  readonly parts: readonly Part[];
  /** Vectors of an image, and numbers of each. */
  readonly dims: FeatureEncoder['dims'];
  /** Those of one part, [images, …dims]. @throws UserError where they are gone or damaged */
  read(part: Part): Float32Array;
}

/** [images, D], or of patches [images, N, D] */
export function dimsOf({
  parts,
  dims: [vectors, width],
}: Pick<Features, 'parts' | 'dims'>): readonly number[] {
  const images = parts.reduce((sum, part) => sum + part.images.length, 0);
  return vectors > 1 ? [images, vectors, width] : [images, width];
}

/** What came of computing features. */
export interface Computed extends Features {
  /** Images that cannot be read, and are left out. */
  readonly skipped: readonly BadSample[];
  /** Images whose features lay there already. */
  readonly kept: number;
}

/**
 * Computes the features of all images, part by part. Each part is kept in a file of its own, whole or not there, named by
 * all that it depends on – program, weights, every pixel: so what a killed process has left is taken, and nothing else.
 * @param folder where parts are kept
 * @throws UserError where too many images cannot be read; Error where a feature is not finite, or a part cannot be written
 */
export async function computeParts(
  encoder: FeatureEncoder,
  images: ImageSet,
  folder: string,
  log: Log,
): Promise<Computed> {
  const { dims } = encoder;
  const { length } = images;
  const step = imagesOfPart(dims);
  const tooMany = await BadSamples.open({ images: length, share: encoder.badSamples });
  const skipped: BadSample[] = [];
  const parts: Part[] = [];
  const began = performance.now();
  let kept = 0;
  images.prefetch();
  for (let first = 0; first < length; first += step) {
    const places = Int32Array.from({ length: Math.min(step, length - first) }, (_, i) => first + i);
    const bad = await images.bad(places);
    for (const found of bad.values()) {
      await tooMany.add(found);
      skipped.push(found);
    }
    const good = places.filter((place) => !bad.has(place));
    if (good.length > 0) {
      const digests = await images.digests(good);
      const key = createHash('sha256').update(`${encoder.key}\n${digests.join()}`).digest('hex');
      if (isKept(folder, key, log)) kept += places.length;
      else {
        const features = await featuresOf(encoder, images, good);
        writeKept({ folder, key, rows: good.length, limit: Number.POSITIVE_INFINITY }, features);
      }
      parts.push({ images: good, key });
    }
    const done = first + places.length;
    const each = (performance.now() - began) / 1000 / (done - kept);
    const left = done > kept ? `, ${duration(each * (length - done))} left` : '';
    log.progress(`${done.toLocaleString('en-US')} of ${count(length, 'image')} embedded${left}`);
  }
  const words = tooMany.describe();
  if (words !== undefined) log.note(words);
  return { images, parts, dims, skipped, kept, read: (part) => read(folder, part) };
}

/** As many as there may be, in whole runs of the encoder, at least one. */
function imagesOfPart([vectors, width]: FeatureEncoder['dims']): number {
  const most = Math.min(MOST_IMAGES, MOST_NUMBERS / (vectors * width));
  return TOGETHER * Math.max(1, Math.floor(most / TOGETHER));
}

async function featuresOf(
  encoder: FeatureEncoder,
  images: ImageSet,
  places: Int32Array,
): Promise<Float32Array> {
  const [vectors, width] = encoder.dims;
  const each = vectors * width;
  const features = new Float32Array(places.length * each);
  for (let first = 0; first < places.length; first += TOGETHER) {
    const pixels = await images.batch(places.subarray(first, first + TOGETHER));
    features.set(await encoder.encode(pixels), first * each);
  }
  const wrong = features.findIndex((value) => !Number.isFinite(value));
  if (wrong === -1) return features;
  throw new Error(`a feature of ${images.name(places[Math.floor(wrong / each)] ?? 0)} is ${features[wrong]}`);
}

function isKept(folder: string, key: string, log: Log): boolean {
  try {
    return readKept(folder, key, 'F32') !== undefined;
  } catch (error) {
    log.note(`${(error as Error).message}; computed anew`);
    return false;
  }
}

function read(folder: string, { key }: Part): Float32Array {
  const features = readKept(folder, key, 'F32');
  if (features instanceof Float32Array) return features;
  throw new UserError(`${folder}: features that were kept there are gone; give the same command again`);
}
