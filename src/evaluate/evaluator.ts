import type { Engine, Executable, Feeds, Value } from '../engine/index.js';
import { purpose, random } from '../random.js';
import { spec, type Tensor, trace } from '../tensor/index.js';
import type { ModelWeights } from '../train/checkpoint.js';
import {
  type Action,
  actionNames,
  actionSize,
  actionVector,
  applyAction,
  identityParameters,
  type Parameters,
  packParameters,
  parameterSpecs,
  sampleJitter,
  sampleParameters,
  type TransformationName,
  transform,
  type ViewParameters,
} from '../world-model/index.js';
import { ridgeR2 } from './action-r2.js';
import { vote } from './knn.js';
import {
  allNames,
  type EvaluatorConfig,
  jitterNames,
  traceCosine,
  traceFeatures,
  traceRanking,
  traceVersions,
} from './programs.js';
import { chance, meanAndError, rankOf } from './ranks.js';
import { featureDeviation, rankMe } from './spectrum.js';
import { type Sweep, toRgb } from './sweep.js';

/** A mean reciprocal rank with what it was measured on. */
export interface MrrResult {
  /** By mean per-token cosine over all positions. */
  readonly value: number;
  /** By squared L2 over all tokens. */
  readonly l2: number;
  /** Of `value`, over images. */
  readonly standardError: number;
  readonly chance: number;
  readonly bank: number;
  readonly images: number;
  readonly actions: number;
}

/** A k-NN accuracy with what it was measured on. */
export interface KnnResult {
  readonly accuracy: number;
  readonly standardError: number;
  readonly k: number;
  readonly bank: number;
  readonly asked: number;
}

/** Measures models of one kind; its programs are compiled once and fed with any weights. */
export interface Evaluator {
  /** @param images [n, 3, h, w] in 0..1; @param options.vary only this jitter varies in the bank */
  mrr(
    weights: ModelWeights,
    images: Float32Array,
    options: { bank: number; actions: number; seed: number; vary?: TransformationName },
  ): Promise<MrrResult>;
  /** Mean-pooled target-encoder latents of whole images, [n, D]. */
  features(weights: ModelWeights, images: Float32Array): Promise<Float32Array>;
  knn(
    bank: Float32Array,
    bankLabels: Int32Array,
    asked: Float32Array,
    labels: Int32Array,
    options: { k: number },
  ): Promise<KnnResult>;
  rankMe(features: Float32Array): number;
  featureDeviation(features: Float32Array): number;
  /** R² with which each component of the action is read off the pooled latents of two views. */
  actionR2(
    weights: ModelWeights,
    images: Float32Array,
    options: { seed: number },
  ): Promise<Record<TransformationName, number>>;
  /** @param image [1, 3, h, w] */
  sweep(weights: ModelWeights, image: Float32Array): Promise<Sweep>;
}

/** Versions encoded in one run. */
const CHUNK = 64;
/** Values of a sweep, as shares of the training strength. */
const SWEEP = [-1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3, 1];

const floats = async (value: unknown): Promise<Float32Array> =>
  (await (value as Value).read()) as Float32Array;

/** The distinct versions of a bank: every jitter applied, or only the one named. */
export function bankParameters(
  config: EvaluatorConfig,
  count: number,
  seed: number,
  image: number,
  vary?: TransformationName,
): ViewParameters[] {
  return Array.from({ length: count }, (_, version) => {
    const drawn = sampleJitter(random(seed, image, version, purpose.evaluate), config.augmentation);
    return vary === undefined ? drawn : { ...identityParameters, [vary]: drawn[vary] };
  });
}

/** Compiles what measuring takes. */
export async function createEvaluator(engine: Engine, config: EvaluatorConfig): Promise<Evaluator> {
  const { encoder } = config.model;
  const tokens = (encoder.image / encoder.patch) ** 2;
  const pixels = 3 * config.image.height * config.image.width;
  const compiled = new Map<string, Promise<Executable>>();
  const program = (key: string, make: () => unknown): Promise<Executable> => {
    const known = compiled.get(key) ?? (engine.compile(make() as never) as Promise<Executable>);
    compiled.set(key, known);
    return known;
  };
  const run = async (executable: Promise<Executable>, feeds: unknown): Promise<Record<string, unknown>> =>
    (await (await executable).run(feeds as Feeds<unknown>)) as Record<string, unknown>;

  /** Latents of a bank of versions of one image, [M, N, D]. */
  async function encodeBank(
    weights: ModelWeights,
    image: Float32Array,
    versions: readonly ViewParameters[],
  ): Promise<Float32Array> {
    const latents = new Float32Array(versions.length * tokens * encoder.width);
    for (let first = 0; first < versions.length; first += CHUNK) {
      const chunk = versions.slice(first, first + CHUNK);
      const executable = program(`versions ${chunk.length}`, () => traceVersions(config, chunk.length));
      const parameters = packParameters(chunk, jitterNames, encoder.image);
      const result = await run(executable, { image, parameters, weights: weights.target });
      latents.set(await floats(result.latents), first * tokens * encoder.width);
    }
    return latents;
  }

  /** Ranks, in the bank, of the versions that the actions clean → version lead to; and the most similar ones. */
  async function rank(
    weights: ModelWeights,
    image: Float32Array,
    versions: readonly ViewParameters[],
    asked: readonly number[],
  ) {
    const bank = await encodeBank(weights, image, versions);
    const action = new Float32Array(asked.length * actionSize);
    asked.forEach((version, i) =>
      actionVector(identityParameters, versions[version] as ViewParameters, action, i * actionSize),
    );
    const executable = program(`ranking ${asked.length} ${versions.length}`, () =>
      traceRanking(config, asked.length, versions.length),
    );
    const predicted = Int32Array.from({ length: asked.length * tokens }, (_, i) => i % tokens);
    const result = await run(executable, {
      image,
      bank,
      action,
      predicted,
      weights: { encoder: weights.encoder, predictor: weights.predictor },
    });
    const cosine = await floats(result.cosine);
    const closeness = await floats(result.closeness);
    return asked.map((version, i) => {
      const row = cosine.subarray(i * versions.length, (i + 1) * versions.length);
      return {
        cosine: rankOf(row, version),
        l2: rankOf(closeness.subarray(i * versions.length, (i + 1) * versions.length), version),
        nearest: row.reduce((best, value, at) => (value > (row[best] as number) ? at : best), 0),
      };
    });
  }

  async function pooled(
    images: Float32Array,
    target: ModelWeights['target'],
    views?: readonly ViewParameters[],
  ): Promise<Float32Array> {
    const count = images.length / pixels;
    const out = new Float32Array(count * encoder.width);
    const names = views === undefined ? [] : allNames;
    for (let first = 0; first < count; first += CHUNK) {
      const size = Math.min(CHUNK, count - first);
      const executable = program(`features ${size} ${names.length}`, () =>
        traceFeatures(config, size, names),
      );
      const parameters = packParameters(views?.slice(first, first + size) ?? [], names, encoder.image);
      const result = await run(executable, {
        images: images.subarray(first * pixels, (first + size) * pixels),
        parameters,
        weights: target,
      });
      out.set(await floats(result.features), first * encoder.width);
    }
    return out;
  }

  return {
    async mrr(weights, images, { bank, actions, seed, vary }) {
      const count = images.length / pixels;
      const values: number[] = [];
      const l2: number[] = [];
      for (let i = 0; i < count; i++) {
        const versions = bankParameters(config, bank, seed, i, vary);
        const asked = Array.from({ length: Math.min(actions, bank) }, (_, k) => k);
        const ranks = await rank(weights, images.subarray(i * pixels, (i + 1) * pixels), versions, asked);
        values.push(meanAndError(ranks.map((found) => 1 / found.cosine)).mean);
        l2.push(meanAndError(ranks.map((found) => 1 / found.l2)).mean);
      }
      const { mean, standardError } = meanAndError(values);
      return {
        value: mean,
        l2: meanAndError(l2).mean,
        standardError,
        chance: chance(bank),
        bank,
        images: count,
        actions,
      };
    },

    features: (weights, images) => pooled(images, weights.target),

    async knn(bank, bankLabels, asked, labels, { k }) {
      const width = encoder.width;
      let right = 0;
      for (let first = 0; first < labels.length; first += 256) {
        const size = Math.min(256, labels.length - first);
        const executable = program(`cosine ${size} ${bankLabels.length}`, () =>
          traceCosine(size, bankLabels.length, width),
        );
        const result = await run(executable, {
          asked: asked.subarray(first * width, (first + size) * width),
          bank,
        });
        const similarities = await floats(result.similarity);
        for (let i = 0; i < size; i++) {
          const row = similarities.subarray(i * bankLabels.length, (i + 1) * bankLabels.length);
          if (vote(row, bankLabels, k) === labels[first + i]) right++;
        }
      }
      const accuracy = right / labels.length;
      return {
        accuracy,
        standardError: Math.sqrt((accuracy * (1 - accuracy)) / labels.length),
        k,
        bank: bankLabels.length,
        asked: labels.length,
      };
    },

    rankMe: (features) => rankMe(features, encoder.width),
    featureDeviation: (features) => featureDeviation(features, encoder.width),

    async actionR2(weights, images, { seed }) {
      const count = images.length / pixels;
      const draw = (view: 'source' | 'target', key: number): ViewParameters[] =>
        Array.from({ length: count }, (_, i) =>
          sampleParameters(random(seed, i, key, purpose.jitter), config.augmentation, view),
        );
      const [source, target] = [draw('source', 0), draw('target', 1)];
      const [first, second] = [
        await pooled(images, weights.target, source),
        await pooled(images, weights.target, target),
      ];
      const width = encoder.width;
      const rows = source.map((_, i) =>
        Float32Array.from([
          ...first.subarray(i * width, (i + 1) * width),
          ...second.subarray(i * width, (i + 1) * width),
        ]),
      );
      const wanted = source.map((from, i) => actionVector(from, target[i] as ViewParameters));
      const scores = ridgeR2(rows, wanted);
      return Object.fromEntries(actionNames.map((name, i) => [name, scores[i] as number])) as Record<
        TransformationName,
        number
      >;
    },

    async sweep(weights, image) {
      const base = bankParameters(config, 256, 0, 0);
      const strengths = config.augmentation.jitter;
      const render = program('render', () => traceRender(config));
      const draw = async (view: ViewParameters) => {
        const result = await run(render, {
          image,
          parameters: packParameters([view], jitterNames, config.image.height),
        });
        return toRgb(await floats(result.image), config.image.height);
      };
      const rows = [];
      for (const name of jitterNames as (keyof typeof strengths & TransformationName)[]) {
        const values = SWEEP.map((share) => share * strengths[name] * config.augmentation.strength);
        const swept = values.map((value) => applyAction({ [name]: value } as Action).target);
        const versions = [...swept, ...base];
        const ranks = await rank(
          weights,
          image,
          versions,
          swept.map((_, i) => i),
        );
        const cells = [];
        for (const [i, found] of ranks.entries())
          cells.push({
            value: values[i] as number,
            wanted: await draw(swept[i] as ViewParameters),
            retrieved: await draw(versions[found.nearest] as ViewParameters),
            rank: found.cosine,
          });
        rows.push({ name, cells });
      }
      return { original: toRgb(image, config.image.height), rows };
    },
  };
}

/** One image after its jitters, as people see it. */
function traceRender({ image }: EvaluatorConfig) {
  const specs = {
    image: spec([1, 3, image.height, image.width]),
    parameters: parameterSpecs(jitterNames, image.height, 1),
  };
  return trace('render', specs, (inputs) => ({
    image: transform(inputs.image as Tensor, inputs.parameters as Parameters<Tensor>),
  }));
}
