import type { ImageSet } from '../data/image-set.js';
import { type Log, quiet } from '../log.js';
import { count } from '../words.js';
import type { ModelWeights, TransformationName } from '../world-model/index.js';
import type { Fit } from './action-r2.js';
import { commonClasses } from './common-classes.js';
import { variedJitters } from './effects.js';
import type { Evaluation } from './evaluation.js';
import { ACTIONS, BANK, evaluationProtocol, FEWEST, NEIGHBOURS } from './evaluation-protocol.js';
import type { Evaluator } from './evaluator.js';
import { type MrrResult, meanReciprocalRank } from './mrr.js';
import { mrrByJitter } from './mrr-by-jitter.js';
import type { EvaluatorConfig } from './programs.js';
import { Progress } from './progress.js';
import { featureDeviation, jackknifeError, rankMe } from './spectrum.js';
import { verdict } from './verdict.js';

/** The images that an evaluation uses. */
export interface EvaluationImages {
  /** Those measured on, in random order: files are often sorted by class. */
  readonly asked: ImageSet;
  /** Those that k-NN searches; none of them is asked. */
  readonly bank: ImageSet;
  /** What was read, in words. */
  readonly description: { readonly asked: string; readonly bank: string };
}

/**
 * Gives numbers that depend on a model, these images and what the words tell, and on nothing else: those that were kept
 * when they were computed before, else computed ones.
 */
export type KeptNumbers = (
  what: string,
  images: ImageSet,
  compute: () => Promise<Float32Array>,
) => Promise<Float32Array>;

export interface MeasureOptions {
  /** What the model is called. */
  readonly run: string;
  /** Images whose versions are ranked. */
  readonly images: number;
  readonly seed: number;
  readonly log?: Log | undefined;
  /** Features and ranks that an earlier evaluation computed; where left out, all are computed. */
  readonly kept?: KeptNumbers | undefined;
}

/** Images for R² and the spectrum. */
const SPECTRUM_IMAGES = 2048;
/** Images of each by-transformation MRR. */
const BY_ACTION_IMAGES = 64;
/** Images in memory as floats at a time, for features. */
const BATCH = 1024;

const range = (count: number, first = 0): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => first + i);

/** A model under measurement. */
interface Measured {
  readonly evaluator: Evaluator;
  readonly config: Pick<EvaluatorConfig, 'augmentation' | 'model'>;
  readonly weights: ModelWeights;
  readonly seed: number;
  readonly progress: Progress;
  readonly kept: KeptNumbers;
}

/**
 * Everything that is measured of a model: MRR (also by transformation), action R², k-NN, RankMe, feature deviation.
 * @param evaluator made for `config`
 */
export async function measureModel(
  evaluator: Evaluator,
  config: Pick<EvaluatorConfig, 'augmentation' | 'model'>,
  weights: ModelWeights,
  { asked, bank, description }: EvaluationImages,
  { run, images, seed, log = quiet, kept = (_, __, compute) => compute() }: MeasureOptions,
): Promise<Evaluation> {
  const { labels, notes } = commonClasses(bank, asked);
  const searched = labels && bank.subset(range(bank.length).filter((i) => (labels.bank[i] as number) >= 0));
  const ranked = Math.min(images, asked.length);
  const each = Math.min(ranked, BY_ACTION_IMAGES);
  const many = Math.min(SPECTRUM_IMAGES, asked.length);
  const varied = variedJitters(config.augmentation);
  const embedded = labels ? asked.length : many;
  const planned = BANK * (ranked + each * varied.length) + (searched?.length ?? 0) + embedded + 2 * many;
  const progress = new Progress(log, planned);
  const measured: Measured = { evaluator, config, weights, seed, progress, kept };
  // First what may be there already, so that the time left is that of what must be computed.
  const found = searched && (await features(measured, searched, 'features of the k-NN bank'));
  const latents = await features(measured, asked.subset(range(embedded)), 'features of the images');
  const bankLabels = labels?.bank.filter((label) => label >= 0);
  const neighbours =
    found && bankLabels && (await measureNeighbours(evaluator, found, bankLabels, latents, labels.asked));
  const ranks = await measureRanks(measured, asked, ranked, each);
  const different = new Set(await asked.digests(range(many))).size;
  const enough = different >= FEWEST;
  const spectrum = enough ? await measureSpectrum(measured, asked, latents, many) : undefined;
  const few = `${count(different, 'different image')}; ${FEWEST} are needed`;
  return {
    run,
    protocol: evaluationProtocol({
      ...description,
      ...config,
      ...{ ranked, each, many, seed },
      asksNeighbours: neighbours !== undefined,
      readsLatents: enough,
    }),
    mrr: ranks.mrr,
    ...spectrum,
    ...neighbours,
    notes: [
      ...ranks.notes,
      ...(enough ? [] : [`action R², RankMe and feature deviation: too few to tell (${few})`]),
      ...notes,
    ],
    verdict: spectrum
      ? verdict({ images: different, ...spectrum, ...(neighbours && { knn: neighbours.knn.accuracy }) })
      : `too few images to tell (${few})`,
  };
}

/** Numbers of all images of a set, kept or computed. @param each images that are encoded for one of them */
async function keptOr(
  { progress, kept }: Measured,
  { what, words, images, each }: { what: string; words: string; images: ImageSet; each: number },
  compute: (done: (images: number) => void) => Promise<Float32Array>,
): Promise<Float32Array> {
  let computed = false;
  const found = await kept(what, images, () => {
    computed = true;
    return compute(progress.part(words, images.length, each));
  });
  if (!computed) progress.spare(images.length * each);
  return found;
}

/** The features of all images of a set. */
function features(measured: Measured, images: ImageSet, words: string): Promise<Float32Array> {
  const { evaluator, config, weights } = measured;
  const { width } = config.model.encoder;
  const { length } = images;
  return keptOr(measured, { what: 'features', words, images, each: 1 }, async (done) => {
    const out = new Float32Array(length * width);
    images.prefetch();
    for (let first = 0; first < length; first += BATCH) {
      const part = range(Math.min(BATCH, length - first), first);
      out.set(await evaluator.features(weights, await images.batch(part)), first * width);
      done(first + part.length);
    }
    return out;
  });
}

/** k-NN of features as they are, and whitened on the bank. */
async function measureNeighbours(
  evaluator: Evaluator,
  bank: Float32Array,
  bankLabels: Int32Array,
  asked: Float32Array,
  labels: Int32Array,
): Promise<Required<Pick<Evaluation, 'knn' | 'whitenedKnn'>>> {
  const options = { k: NEIGHBOURS };
  const whiten = await evaluator.whitening(bank);
  return {
    knn: await evaluator.knn(bank, bankLabels, asked, labels, options),
    whitenedKnn: await evaluator.knn(await whiten(bank), bankLabels, await whiten(asked), labels, options),
  };
}

/** MRR of all images of a set. @param vary the only jitter that varies */
async function mrrOf(measured: Measured, images: ImageSet, vary?: TransformationName): Promise<MrrResult> {
  const { evaluator, weights, seed } = measured;
  const options = { bank: BANK, actions: ACTIONS, seed, ...(vary === undefined ? {} : { vary }) };
  const words = vary === undefined ? 'MRR' : `MRR with only ${vary} varied`;
  const what = `ranks ${JSON.stringify(options)}`;
  const ranks = await keptOr(measured, { what, words, images, each: BANK }, async (progress) =>
    evaluator.ranks(weights, await images.batch(range(images.length)), { ...options, progress }),
  );
  return meanReciprocalRank(ranks, options);
}

/**
 * MRR of the first images, and with only one jitter varied of the first of these, as far as it changes them.
 * @param each how many for one jitter
 */
async function measureRanks(
  measured: Measured,
  asked: ImageSet,
  ranked: number,
  each: number,
): Promise<{ mrr: Evaluation['mrr']; notes: string[] }> {
  const { evaluator, config, progress } = measured;
  const mrr = await mrrOf(measured, asked.subset(range(ranked)));
  const { byAction, notes } = await mrrByJitter(
    evaluator,
    config,
    asked.subset(range(each)),
    async (images, vary) => {
      progress.spare(BANK * (each - images.length));
      return images.length > 0 ? mrrOf(measured, images, vary) : undefined;
    },
  );
  return { mrr: { ...mrr, byAction }, notes };
}

/**
 * What is read off the latents of the first images: action R², RankMe, feature deviation.
 * @param latents of these, and perhaps of more
 */
async function measureSpectrum(
  { evaluator, config, weights, seed, progress }: Measured,
  asked: ImageSet,
  latents: Float32Array,
  many: number,
) {
  const { width } = config.model.encoder;
  const done = progress.part('action R²', many, 2);
  const fits = await evaluator.actionR2(weights, await asked.batch(range(many)), { seed });
  done(many);
  const column = (key: keyof Fit) =>
    Object.fromEntries(Object.entries(fits).map(([name, fit]) => [name, fit[key]])) as Record<
      TransformationName,
      number
    >;
  const spectrum = latents.subarray(0, many * width);
  return {
    actionR2: column('value'),
    rankMe: rankMe(spectrum, width),
    featureDeviation: featureDeviation(spectrum, width),
    standardErrors: {
      actionR2: column('standardError'),
      rankMe: jackknifeError(spectrum, width, rankMe),
      featureDeviation: jackknifeError(spectrum, width, featureDeviation),
    },
  };
}
