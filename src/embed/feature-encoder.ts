import { createHash } from 'node:crypto';
import { isAdapted, loadModel as loadAdapted } from '../adapt/model/model-folder.js';
import { createEngine } from '../engine/create-engine.js';
import { Compiled, type ComputeOptions } from '../engine/index.js';
import { type EvaluatorConfig, whole } from '../evaluate/programs.js';
import { type Flat, flatSpecs, unpack } from '../nn/index.js';
import { evaluatorConfig, modelConfig } from '../run/config.js';
import { readModels } from '../run/disk/encoder-file.js';
import { hashed } from '../run/disk/kept-numbers.js';
import { loadModel } from '../run/disk/model-file.js';
import { readConfig } from '../run/disk/run-folder.js';
import type { Models } from '../run/encoder-file.js';
import { mean, type Program, scope, spec, type Tensor, toOnnx, trace } from '../tensor/index.js';
import { type Encoder, encode, layouts, normalise, tokenCount } from '../world-model/index.js';

/** Images encoded in one run: always as many, so that an image's features do not depend on its company. */
export const TOGETHER = 64;
/** Counted up when equal programs, weights and images would give other features. */
const EMBEDDING = 1;

/** A trained encoder: what it is, how images come to it, its weights. */
interface TrainedEncoder {
  readonly config: Pick<EvaluatorConfig, 'model' | 'normalisation' | 'image'>;
  /** Share of the images that may be unreadable. */
  readonly badSamples: number;
  readonly weights: Flat<Float32Array>;
  /** What its programs call. */
  readonly models: Models;
}

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
 * The encoder of a model: a run's target encoder, as its evaluation takes it, or an adapted model's own.
 * @param model folder of a finished run or an adapted model
 * @param options.patches whether every patch has its vector, or the image has their mean
 * @throws UserError where the folder holds neither
 */
export function openFeatureEncoder(
  model: string,
  {
    patches,
    signal,
    threads,
    device,
  }: { patches: boolean; signal: AbortSignal | undefined } & ComputeOptions,
): FeatureEncoder {
  const { config, badSamples, weights, models } = isAdapted(model) ? ofAdapted(model) : ofRun(model);
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

function ofRun(run: string): TrainedEncoder {
  const config = readConfig(run);
  const weights = loadModel(run, layouts(modelConfig(config))).target;
  const models = readModels(run, config);
  return { config: evaluatorConfig(config), badSamples: config.badSamples, weights, models };
}

function ofAdapted(folder: string): TrainedEncoder {
  const { config, network, weights } = loadAdapted(folder);
  const { badSamples } = config.pretraining;
  const models = readModels(folder, config.pretraining);
  return { config: network, badSamples, weights: weights.encoder ?? {}, models };
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
