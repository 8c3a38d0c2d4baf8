import type { Compiled } from '../engine/index.js';
import { purpose, random } from '../random.js';
import type { ModelWeights } from '../world-model/index.js';
import {
  actionSize,
  actionVector,
  identityParameters,
  packParameters,
  type TransformationName,
  type ViewParameters,
} from '../world-model/index.js';
import { bankParameters, jitterNames } from './bank.js';
import { type EvaluatorConfig, traceAnswers, traceComparison } from './programs.js';
import { chance, meanAndError, rankOf } from './ranks.js';

/** A mean reciprocal rank with what it was measured on. */
export interface MrrResult {
  /** By mean per-token cosine over all positions. */
  readonly value: number;
  /** By squared L2 over all tokens. */
  readonly l2: number;
  /** Of `value`, over images; undefined for a single one. */
  readonly standardError: number | undefined;
  /** Of `l2`, likewise. */
  readonly l2StandardError: number | undefined;
  readonly chance: number;
  readonly bank: number;
  readonly images: number;
  /** Versions asked for, per image. */
  readonly actions: number;
}

/** Sizes and draws of a mean reciprocal rank. */
export interface MrrOptions {
  /** Versions of each image that a prediction is ranked among. */
  readonly bank: number;
  /** Versions of each image that are predicted; at most `bank`. */
  readonly actions: number;
  readonly seed: number;
  /** Only this jitter varies in the bank. */
  readonly vary?: TransformationName;
  /** Is told how many images are done. */
  readonly progress?: (done: number) => void;
}

/** Where the right version of a bank came, and which one came first. */
export interface Ranked {
  readonly cosine: number;
  readonly l2: number;
  /** The version of greatest cosine. */
  readonly nearest: number;
}

/** Versions compared in one run, so that memory does not grow with the bank. */
const CHUNK = 64;

/** The programs that compare versions of an image with predictions for so many of them. */
export const rankPrograms = (config: EvaluatorConfig, actions: number) => [
  traceAnswers(config, actions),
  traceComparison(config, actions, CHUNK),
];

/**
 * Ranks, in a bank of versions of one image, those that are asked for: the action from the clean image to each is
 * given to the predictor, and the bank ordered by closeness to its answer.
 * @param image [1, 3, h, w] in 0..1
 * @param asked indices of versions
 * @param source what the encoder sees in the place of the image, and what that went through
 * @throws Error where a similarity is not finite
 */
export async function rankVersions(
  compiled: Compiled,
  config: EvaluatorConfig,
  weights: ModelWeights,
  image: Float32Array,
  versions: readonly ViewParameters[],
  asked: ArrayLike<number>,
  source: { readonly image: Float32Array; readonly view: ViewParameters } = {
    image,
    view: identityParameters,
  },
): Promise<Ranked[]> {
  const chosen = Array.from(asked);
  const actions = chosen.length;
  const action = new Float32Array(actions * actionSize);
  for (const [i, version] of chosen.entries())
    actionVector(source.view, versions[version] as ViewParameters, action, i * actionSize);
  const { answers } = await compiled.run(`answers ${actions}`, () => traceAnswers(config, actions), {
    image: source.image,
    action,
    weights: { encoder: weights.encoder, predictor: weights.predictor },
  });
  const rows = (): Float32Array[] => chosen.map(() => new Float32Array(versions.length));
  const [cosines, closenesses] = [rows(), rows()];
  for (let first = 0; first < versions.length; first += CHUNK) {
    const chunk = versions.slice(first, first + CHUNK);
    const { cosine, closeness } = await compiled.run(
      `comparison ${actions} ${chunk.length}`,
      () => traceComparison(config, actions, chunk.length),
      {
        answers,
        image,
        parameters: packParameters(chunk, jitterNames, config.model.encoder.image),
        weights: weights.target,
      },
    );
    const part = (all: Float32Array, row: number): Float32Array =>
      all.subarray(row * chunk.length, (row + 1) * chunk.length);
    cosines.forEach((row, i) => {
      row.set(part(cosine, i), first);
    });
    closenesses.forEach((row, i) => {
      row.set(part(closeness, i), first);
    });
  }
  return cosines.map((row, i) => ({
    cosine: rankOf(row, chosen[i] as number),
    l2: rankOf(closenesses[i] as Float32Array, chosen[i] as number),
    nearest: row.reduce((best, value, at) => (value > (row[best] as number) ? at : best), 0),
  }));
}

/**
 * The ranks of which an MRR is made: of each image those of the versions asked for, by cosine and by L2.
 * @param images each [3, h, w] in 0..1
 * @returns [n, actions, 2]
 */
export async function measureRanks(
  compiled: Compiled,
  config: EvaluatorConfig,
  weights: ModelWeights,
  images: readonly Float32Array[],
  { bank, actions, seed, vary, progress }: MrrOptions,
): Promise<Float32Array> {
  const all: number[] = [];
  for (const [i, image] of images.entries()) {
    const versions = bankParameters(config.augmentation, bank, seed, i, vary);
    // Asked for at random places: where a collapsed model leaves only rounding, it may depend on the place.
    const asked = random(seed, i, purpose.evaluate).permutation(bank).subarray(0, actions);
    for (const rank of await rankVersions(compiled, config, weights, image, versions, asked))
      all.push(rank.cosine, rank.l2);
    progress?.(i + 1);
  }
  return Float32Array.from(all);
}

/**
 * Mean reciprocal rank: per image the mean of 1 / rank over the versions asked for, then the mean over images.
 * @param ranks as from {@link measureRanks}
 */
export function meanReciprocalRank(
  ranks: Float32Array,
  options: Pick<MrrOptions, 'bank' | 'actions'>,
): MrrResult {
  const { bank } = options;
  const actions = Math.min(options.actions, bank);
  const images = ranks.length / (2 * actions);
  const over = (kind: 0 | 1) =>
    meanAndError(
      Array.from({ length: images }, (_, image) => {
        const own = Array.from(
          { length: actions },
          (_, i) => ranks[2 * (image * actions + i) + kind] as number,
        );
        return meanAndError(own.map((rank) => 1 / rank)).mean;
      }),
    );
  const [cosine, l2] = [over(0), over(1)];
  return {
    value: cosine.mean,
    l2: l2.mean,
    standardError: cosine.standardError,
    l2StandardError: l2.standardError,
    chance: chance(bank),
    bank,
    images,
    actions,
  };
}
