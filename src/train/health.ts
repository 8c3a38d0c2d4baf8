import type { ImageSet } from '../data/image-set.js';
import { commonClasses } from '../evaluate/common-classes.js';
import type { Evaluator } from '../evaluate/evaluator.js';
import { verdict } from '../evaluate/verdict.js';
import type { Health } from '../run/metrics.js';
import { percent } from '../words.js';
import type { ModelWeights } from '../world-model/index.js';

/** What the health panel is measured on: bank and questions are parts of the training data. */
export interface HealthCheck {
  readonly evaluator: Evaluator;
  readonly heldOut: ImageSet;
  readonly bank: ImageSet;
  /** Images whose versions are ranked. */
  readonly images: number;
  readonly seed: number;
}

const BANK = 256;
const ACTIONS = 16;
const NEIGHBOURS = 20;

const all = (set: ImageSet, count = set.length): Int32Array =>
  Int32Array.from({ length: Math.min(count, set.length) }, (_, i) => i);

/** How the numbers of the panel are measured. */
export function healthProtocol({
  heldOut,
  bank,
  images,
  seed,
}: Pick<HealthCheck, 'images' | 'seed'> & Record<'heldOut' | 'bank', { readonly length: number }>): string {
  return (
    `MRR: ${Math.min(images, heldOut.length)} images held out of the training data × ${ACTIONS} actions, bank of ${BANK} jittered versions, mean per-token cosine over all positions, seed ${seed}. ` +
    `k-NN: k = ${NEIGHBOURS}, cosine, ${bank.length} training images as the bank, ${heldOut.length} held-out images asked. RankMe and feature deviation: the held-out images.`
  );
}

/** Measures a model during training. */
export async function measureHealth(
  check: HealthCheck,
  weights: ModelWeights,
  step: number,
  before?: Health,
): Promise<Health> {
  const { evaluator, heldOut, bank, images, seed } = check;
  const mrr = await evaluator.mrr(weights, await heldOut.batch(all(heldOut, images)), {
    bank: BANK,
    actions: ACTIONS,
    seed,
  });
  const features = await evaluator.features(weights, await heldOut.batch(all(heldOut)));
  const { labels } = commonClasses(bank, heldOut);
  const measured = {
    step,
    mrr: mrr.value,
    mrrL2: mrr.l2,
    mrrStandardError: mrr.standardError,
    ...(labels
      ? {
          knn: (
            await evaluator.knn(
              await evaluator.features(weights, await bank.batch(all(bank))),
              labels.bank,
              features,
              labels.asked,
              { k: NEIGHBOURS },
            )
          ).accuracy,
        }
      : {}),
    rankMe: evaluator.rankMe(features),
    featureDeviation: evaluator.featureDeviation(features),
  };
  return { ...measured, verdict: verdict({ ...measured, images: heldOut.length }, before) };
}

/** The panel in one line. */
export function describeHealth({
  step,
  mrr,
  mrrL2,
  mrrStandardError,
  knn,
  rankMe,
  featureDeviation,
  verdict: says,
}: Health): string {
  const error = mrrStandardError === undefined ? '' : ` ± ${mrrStandardError.toFixed(3)}`;
  const accuracy = knn === undefined ? '' : `, k-NN ${percent(knn)}`;
  return `health at step ${step}: MRR ${mrr.toFixed(3)}${error} (L2 ${mrrL2.toFixed(3)}, chance .024)${accuracy}, RankMe ${rankMe.toFixed(1)}, feature deviation ${featureDeviation.toFixed(3)} – ${says}`;
}
