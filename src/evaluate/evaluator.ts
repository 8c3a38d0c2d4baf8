import type { Engine } from '../engine/index.js';
import { Compiled } from '../engine/index.js';
import type { ModelWeights, TransformationName } from '../world-model/index.js';
import { type ActionR2, measureActionR2 } from './action-r2.js';
import { effectiveJitters } from './effects.js';
import { pooledFeatures } from './features.js';
import { type KnnResult, knnAccuracy } from './knn.js';
import { type MrrOptions, type MrrResult, meanReciprocalRank, measureRanks } from './mrr.js';
import type { EvaluatorConfig } from './programs.js';
import { Retriever } from './retrieval.js';
import { featureDeviation, rankMe } from './spectrum.js';
import { fitWhitening, type Whiten } from './whiten.js';

/**
 * Measures models of one kind; its programs are compiled at their first use and fed with any weights. Images are
 * [n, 3, h, w] in 0..1, of the size that it was made for. Whatever is not finite is an Error.
 */
export interface Evaluator {
  /** The ranks that {@link mrr} is the mean of, [n, actions, 2]: by cosine and by L2. */
  ranks(weights: ModelWeights, images: Float32Array, options: MrrOptions): Promise<Float32Array>;
  mrr(weights: ModelWeights, images: Float32Array, options: MrrOptions): Promise<MrrResult>;
  /** Mean-pooled target-encoder latents of whole images, [n, D]. */
  features(weights: ModelWeights, images: Float32Array): Promise<Float32Array>;
  /** Features as from {@link features}, with a label each, below 0 for none: those are neither asked nor searched. */
  knn(
    bank: Float32Array,
    bankLabels: Int32Array,
    asked: Float32Array,
    labels: Int32Array,
    options: { k: number },
  ): Promise<KnnResult>;
  /** Fitted to features as from {@link features}. */
  whitening(features: Float32Array): Promise<Whiten>;
  rankMe(features: Float32Array): number;
  featureDeviation(features: Float32Array): number;
  /** R² with which each component of the action is read off the pooled latents of two views. */
  actionR2(weights: ModelWeights, images: Float32Array, options: { seed: number }): Promise<ActionR2>;
  /** Those of the jitters of training that change an image. @param image [1, 3, h, w], square */
  effectiveJitters(image: Float32Array): Promise<ReadonlySet<TransformationName>>;
  /** For what its predictions of one image's versions retrieve. @param image [1, 3, h, w], square */
  retriever(weights: ModelWeights, image: Float32Array): Promise<Retriever>;
  /** Frees its programs; the engine stays. */
  dispose(): Promise<void>;
}

/**
 * An evaluator for one model and image size.
 * @param signal ends a measurement under way with its reason
 */
export async function createEvaluator(
  engine: Engine,
  config: EvaluatorConfig,
  signal?: AbortSignal,
): Promise<Evaluator> {
  const { width } = config.model.encoder;
  const compiled = new Compiled(engine, signal);
  const pixels = 3 * config.image.height * config.image.width;
  const countOf = (images: Float32Array): number => {
    const count = images.length / pixels;
    if (count >= 1 && Number.isInteger(count)) return count;
    const size = `[n, 3, ${config.image.height}, ${config.image.width}]`;
    throw new Error(`images: ${images.length} numbers are no ${size} with n ≥ 1`);
  };
  const ranks = (weights: ModelWeights, images: Float32Array, options: MrrOptions): Promise<Float32Array> => {
    const each = Array.from({ length: countOf(images) }, (_, i) =>
      images.subarray(i * pixels, (i + 1) * pixels),
    );
    return measureRanks(compiled, config, weights, each, options);
  };
  return {
    ranks,
    mrr: (weights, images, options) =>
      ranks(weights, images, options).then((found) => meanReciprocalRank(found, options)),
    features: (weights, images) => {
      countOf(images);
      return pooledFeatures(compiled, config, weights.target, images);
    },
    knn: (features, bankLabels, askedFeatures, labels, { k }) =>
      knnAccuracy(compiled, width, { features, labels: bankLabels }, { features: askedFeatures, labels }, k),
    whitening: (features) => fitWhitening(compiled, features, width),
    rankMe: (features) => rankMe(features, width),
    featureDeviation: (features) => featureDeviation(features, width),
    actionR2: (weights, images, { seed }) =>
      measureActionR2(config, countOf(images), seed, (views) =>
        pooledFeatures(compiled, config, weights.target, images, views),
      ),
    effectiveJitters: (image) => {
      countOf(image);
      return effectiveJitters(compiled, config, image);
    },
    retriever: (weights, image) => {
      countOf(image);
      return Retriever.open(compiled, config, weights, image);
    },
    dispose: () => compiled.dispose(),
  };
}
