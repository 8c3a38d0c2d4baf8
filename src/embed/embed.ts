import { existsSync, rmSync } from 'node:fs';
import { type BadSample, describeImages, type ImageSet } from '../data/image-set.js';
import { openImages } from '../data/images.js';
import type { ComputeOptions } from '../engine/index.js';
import { UserError } from '../errors.js';
import { type Log, quiet } from '../log.js';
import { lockRun } from '../run/disk/run-lock.js';
import { count, duration } from '../words.js';
import { createFeatureEncoder } from './feature-encoder.js';
import { writerOf } from './features-file.js';
import { computeParts, dimsOf } from './parts.js';
import { openTrainedEncoder } from './trained-encoder.js';

export interface EmbedOptions extends ComputeOptions {
  /** Sources of images, as `openImages` takes them; all their splits are read. */
  readonly data: readonly string[];
  /** File to write: `.parquet`, or `.npy`, beside which a `.npy.csv` tells files and labels in the same order. */
  readonly out: string;
  /** A vector for every patch in the place of their mean (default: false). */
  readonly patches?: boolean;
  readonly log?: Log;
  /** Stops after the images under way. */
  readonly signal?: AbortSignal;
}

/** What was written. */
export interface Embedding {
  readonly model: string;
  readonly out: readonly string[];
  /** [images, D], or of patches [images, N, D] */
  readonly dims: readonly number[];
  /** Images that cannot be read, and are left out. */
  readonly skipped: readonly BadSample[];
  /** Images whose features an earlier call had left. */
  readonly kept: number;
  readonly seconds: number;
}

/**
 * Writes features of many images to a file: of each the mean of its latents, or the latents of every patch. Memory does not
 * grow with the images. What is computed is kept in `OUT.parts` until the file is whole: where a call was killed, the same
 * call goes on, and the file is the same, byte for byte.
 * @param model folder of a finished run or of an adapted model, or an encoder of others: a folder, a file of safetensors
 *   or ONNX, `hf:owner/name`
 * @throws UserError where model or images cannot be read, more of these than the model's `badSamples` allows, or where the
 *   file is there already
 */
export async function embed(
  model: string,
  { data, out, patches = false, log = quiet, signal, threads, device }: EmbedOptions,
): Promise<Embedding> {
  const began = performance.now();
  const write = writerOf(out);
  const trained = await openTrainedEncoder(model);
  for (const line of trained.notes) log.note(line);
  const encoder = createFeatureEncoder(trained, { patches, signal, threads, device });
  const folder = `${out}.parts`;
  let release: (() => void) | undefined;
  let images: ImageSet | undefined;
  try {
    images = await openImages(data, { size: encoder.size, split: 'all' });
    log.note(`images: ${describeImages(images)}`);
    release = lockRun(folder);
    if (existsSync(out)) throw new UserError(`${out} exists already; remove it, or choose another --out`);
    const features = await computeParts(encoder, images, folder, log);
    log.progress(`writes ${out}`);
    const written = write(out, features);
    const { skipped, kept } = features;
    const seconds = (performance.now() - began) / 1000;
    return { model, out: written, dims: dimsOf(features), skipped, kept, seconds };
  } finally {
    release?.();
    encoder.dispose();
    await images?.close();
    if (existsSync(out)) rmSync(folder, { recursive: true, force: true });
  }
}

/** What was written, in words. */
export function describeEmbedding({ out, dims, kept, seconds }: Embedding): string {
  const [images = 0] = dims;
  const before = kept > 0 ? `, ${kept.toLocaleString('en-US')} of them before` : '';
  return `${out.join(', ')}: [${dims.join(', ')}] of ${count(images, 'image')}${before}, in ${duration(seconds)}`;
}
