import type { ImageSet } from '../data/image-set.js';
import type { Log } from '../log.js';
import type { ModelWeights } from '../world-model/index.js';
import { type ActionR2, RIDGE } from './action-r2.js';
import { jitterNames } from './bank.js';
import type { Evaluation } from './evaluation.js';
import type { Evaluator } from './evaluator.js';
import { VOTE_TEMPERATURE } from './knn.js';
import type { MrrResult } from './mrr.js';
import type { EvaluatorConfig } from './programs.js';
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

const BANK = 256;
const ACTIONS = 16;
const NEIGHBOURS = 20;
/** Images for R² and the spectrum. */
const SPECTRUM_IMAGES = 2048;
/** Images of each by-transformation MRR. */
const BY_ACTION_IMAGES = 64;
/** Images in memory as floats at a time, for features. */
const BATCH = 1024;

const range = (count: number, first = 0): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => first + i);

const column = (fits: ActionR2, key: 'value' | 'standardError') =>
  Object.fromEntries(Object.entries(fits).map(([name, fit]) => [name, fit[key]])) as Evaluation['actionR2'];

/**
 * Everything that is measured of a model: MRR (also by transformation), action R², k-NN, RankMe, feature deviation.
 * @param evaluator made for `config`
 * @param options.images whose versions are ranked
 */
export async function measureModel(
  evaluator: Evaluator,
  { augmentation, model }: Pick<EvaluatorConfig, 'augmentation' | 'model'>,
  weights: ModelWeights,
  { asked, bank, description }: EvaluationImages,
  { run, images: mrrImages, seed, log }: { run: string; images: number; seed: number; log?: Log | undefined },
): Promise<Evaluation> {
  const { width } = model.encoder;
  const count = Math.min(mrrImages, asked.length);
  const few = Math.min(count, BY_ACTION_IMAGES);
  const many = Math.min(SPECTRUM_IMAGES, asked.length);
  const images = await asked.batch(range(count));
  const protocolOf = { bank: BANK, actions: ACTIONS, seed };
  log?.progress(`MRR over ${count} images`);
  const mrr = await evaluator.mrr(weights, images, protocolOf);
  const byAction: Record<string, MrrResult> = {};
  for (const vary of jitterNames) {
    if (augmentation.jitter[vary as 'hue'] * augmentation.strength === 0) continue;
    log?.progress(`MRR with only ${vary} varied`);
    const part = images.subarray(0, (images.length / count) * few);
    byAction[vary] = await evaluator.mrr(weights, part, { ...protocolOf, vary });
  }
  const features = async (set: ImageSet, most: number, what: string): Promise<Float32Array> => {
    const out = new Float32Array(most * width);
    set.prefetch(range(most));
    for (let first = 0; first < most; first += BATCH) {
      log?.progress(`features of ${what}: ${first} of ${most}`);
      const batch = await set.batch(range(Math.min(BATCH, most - first), first));
      out.set(await evaluator.features(weights, batch), first * width);
    }
    return out;
  };
  const known = asked.labels && bank.labels && asked.classes?.join('\n') === bank.classes?.join('\n');
  const latents = await features(asked, known ? asked.length : many, 'the images');
  const knn =
    known && asked.labels && bank.labels
      ? await evaluator.knn(
          await features(bank, bank.length, 'the k-NN bank'),
          bank.labels,
          latents,
          asked.labels,
          { k: NEIGHBOURS },
        )
      : undefined;
  log?.progress(`action R² on ${many} images`);
  const fits = await evaluator.actionR2(weights, await asked.batch(range(many)), { seed });
  const spectrum = latents.subarray(0, many * width);
  const signs = {
    rankMe: rankMe(spectrum, width),
    featureDeviation: featureDeviation(spectrum, width),
    ...(knn === undefined ? {} : { knn: knn.accuracy }),
  };
  return {
    run,
    mrr: { ...mrr, byAction },
    actionR2: column(fits, 'value'),
    ...(knn === undefined ? {} : { knn }),
    rankMe: signs.rankMe,
    featureDeviation: signs.featureDeviation,
    standardErrors: {
      actionR2: column(fits, 'standardError'),
      rankMe: jackknifeError(spectrum, width, rankMe),
      featureDeviation: jackknifeError(spectrum, width, featureDeviation),
    },
    verdict: verdict(signs),
    protocol: {
      images: description.asked,
      bank: description.bank,
      order: 'random by the seed; a measure on some images takes the first of this order',
      seed,
      mrr: `${count} whole images × ${mrr.actions} actions; bank of ${BANK} distinct versions by colour jitter at the training strengths (strength ${augmentation.strength}), every jitter applied, by the target encoder, standardised per token; prediction from the clean image by the encoder, all positions; rank = 1 + closer + equal others; mean per-token cosine (l2: squared L2 over all tokens); standard error over images`,
      byAction: `as mrr, ${few} images, only the named jitter varied; jitters of strength 0 left out`,
      actionR2: `ridge ${RIDGE} a row on standardised mean-pooled target-encoder latents of two whole views drawn as in training, fitted on half of ${many} images, R² on the other half; 0 for what never varies; standard error over images to first order`,
      knn: `k = ${NEIGHBOURS}, cosine of mean-pooled target-encoder latents, votes weighted exp(cosine / ${VOTE_TEMPERATURE}) as Wu et al. 2018; binomial standard error`,
      rankMe: `${many} images, mean-pooled target-encoder latents, not centred; standard error by jackknife over 8 parts`,
      featureDeviation: `of the same latents at unit length, over images, averaged over features, times √width`,
    },
  };
}
