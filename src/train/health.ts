import type { ImageSet } from '../data/image-set.js';
import { commonClasses } from '../evaluate/common-classes.js';
import { ACTIONS, BANK, NEIGHBOURS } from '../evaluate/evaluation-protocol.js';
import type { Evaluator } from '../evaluate/evaluator.js';
import { verdict } from '../evaluate/verdict.js';
import type { Health } from '../run/metrics.js';
import { count, percent } from '../words.js';
import type { ModelWeights } from '../world-model/index.js';
import type { HealthPlan } from './health-plan.js';

/** What a run's health is measured on: bank and questions are parts of the training data. */
export interface HealthCheck {
  readonly evaluator: Evaluator;
  readonly heldOut: ImageSet;
  readonly bank: ImageSet;
  /** Held-out images whose versions are ranked. */
  readonly ranked: number;
  readonly seed: number;
  /** Features of sets that were measured already, where they stay what they are: the encoder is not trained. */
  readonly kept?: Map<ImageSet, Float32Array> | undefined;
}

/** Images in memory as floats at a time. */
const BATCH = 64;

const range = (first: number, end: number): Int32Array =>
  Int32Array.from({ length: end - first }, (_, i) => first + i);

/** Features of a set's images, [n, D]. */
async function features(
  { evaluator, kept }: HealthCheck,
  weights: ModelWeights,
  set: ImageSet,
): Promise<Float32Array> {
  const known = kept?.get(set);
  if (known !== undefined) return known;
  const parts: Float32Array[] = [];
  for (let first = 0; first < set.length; first += BATCH) {
    const images = await set.batch(range(first, Math.min(first + BATCH, set.length)));
    parts.push(await evaluator.features(weights, images));
  }
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  kept?.set(set, all);
  return all;
}

/** What is said in place of the protocol where there is no plan. */
export const UNMEASURED =
  'Health is not measured: in so short a run it would take more than a twentieth of the time. iwm evaluate measures the finished run; --set health.images=16 asks for it nevertheless.';

/** How the numbers of the panel are measured, and when. */
export function healthProtocol({ every, ranked, asked, bank }: HealthPlan, seed: number): string {
  const knn =
    bank === 0
      ? ''
      : ` k-NN: k = ${NEIGHBOURS}, cosine, ${count(bank, 'training image')} as the bank, ${count(asked, 'held-out image')} asked.`;
  return (
    `Health every ${count(every, 'step')}. MRR: ${count(ranked, 'image')} held out of the training data × ${ACTIONS} actions, bank of ${BANK} jittered versions, mean per-token cosine over all positions, seed ${seed}.` +
    `${knn} RankMe and feature deviation: ${count(asked, 'held-out image')}.`
  );
}

/** Measures a model during training. @param before the untrained model's panel, where that is known */
export async function measureHealth(
  check: HealthCheck,
  weights: ModelWeights,
  step: number,
  before?: Health,
): Promise<Health> {
  const { evaluator, heldOut, bank, ranked, seed } = check;
  const mrr = await evaluator.mrr(weights, await heldOut.batch(range(0, Math.min(ranked, heldOut.length))), {
    bank: BANK,
    actions: ACTIONS,
    seed,
  });
  const asked = await features(check, weights, heldOut);
  const { labels } = commonClasses(bank, heldOut);
  const measured = {
    step,
    mrr: mrr.value,
    mrrL2: mrr.l2,
    mrrStandardError: mrr.standardError,
    ...(labels
      ? {
          knn: (
            await evaluator.knn(await features(check, weights, bank), labels.bank, asked, labels.asked, {
              k: NEIGHBOURS,
            })
          ).accuracy,
        }
      : {}),
    rankMe: evaluator.rankMe(asked),
    featureDeviation: evaluator.featureDeviation(asked),
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
