import { createHash } from 'node:crypto';
import { createEngine } from '../engine/create-engine.js';
import { Compiled, type ComputeOptions } from '../engine/index.js';
import { whole } from '../evaluate/programs.js';
import { type Flat, flatSpecs, unpack } from '../nn/index.js';
import { hashed } from '../run/disk/kept-numbers.js';
import { mean, type Program, scope, spec, type Tensor, toOnnx, trace } from '../tensor/index.js';
import { type Encoder, encode, layouts, normalise, tokenCount } from '../world-model/index.js';
import type { TrainedEncoder } from './trained-encoder.js';

/** Images encoded in one run: always as many, so that an image's features do not depend on its company. */
export const TOGETHER = 64;
/** Counted up when equal programs, weights and images would give other features. */
const EMBEDDING = 1;

/** Features of images by a trained encoder, ready to run. */
export interface FeatureEncoder {
  /** Side of the images that it is given, pixels. */
  readonly size: number;
  readonly badSamples: number;
  /** Vectors of an image, and numbers of each: [1, D] pooled, or [N, D], a vector a patch, row by row. */
  readonly dims: readonly [vectors: number, width: number];
  /** SHA-256 of all that features depend on beside the images. */
  readonly key: string;
  /**
   * Features of at most {@link TOGETHER} images, [n, …dims].
   * @param images float32 [n, 3, size, size] in 0..1
   */
  encode(images: Float32Array): Promise<Float32Array>;
  /** Frees the engine's memory. */
  dispose(): void;
}

/**
 * Makes a trained encoder ready to run.
 * @param options.patches whether every patch has its vector, or the image has their mean
 */
export function createFeatureEncoder(
  { config, badSamples, weights, models }: TrainedEncoder,
  {
    patches,
    signal,
    threads,
    device,
  }: { patches: boolean; signal: AbortSignal | undefined } & ComputeOptions,
): FeatureEncoder {
  const engine = createEngine({ threads, device, models });
  const compiled = new Compiled(engine, signal);
  const program = traceEmbedding(config, patches);
  const { width } = config.model.encoder;
  const dims = [patches ? tokenCount(config.model.encoder) : 1, width] as const;
  const size = config.image.height;
  const each = 3 * size ** 2;
  return {
    size,
    badSamples,
    dims,
    key: keyOf(program as unknown as Program, weights, engine.device),
    async encode(images) {
      const full = new Float32Array(TOGETHER * each);
      full.set(images);
      const { features } = await compiled.run('embedding', () => program, { images: full, weights });
      return features.subarray(0, (images.length / each) * dims[0] * width);
    },
    dispose: () => engine.dispose(),
  };
}

/** Whole images [64, 3, h, w] in 0..1 → their latents [64, N, D], or the mean of these, [64, D]. */
function traceEmbedding(config: TrainedEncoder['config'], patches: boolean) {
  const { encoder } = config.model;
  const parts = layouts(config.model);
  const specs = {
    images: spec([TOGETHER, 3, config.image.height, config.image.width]),
    weights: flatSpecs(parts.encoder),
  };
  return trace('embedding', specs, ({ images, weights }) => {
    const parameters = unpack(parts.encoder, weights as Flat<Tensor>) as Encoder<Tensor>;
    const views = normalise(whole(images as Tensor, config), config.normalisation);
    const latents = scope('encoder', () => encode(views, parameters, encoder));
    return { features: patches ? latents : mean(latents, [1]) };
  });
}

function keyOf(program: Program, weights: Flat<Float32Array>, device: string): string {
  const key = createHash('sha256').update(JSON.stringify([EMBEDDING, device]));
  key.update(createHash('sha256').update(toOnnx(program)).digest());
  for (const numbers of Object.values(weights)) key.update(hashed(numbers).digest());
  return key.digest('hex');
}
