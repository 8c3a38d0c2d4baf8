import type { ImageSet } from '../data/image-set.js';
import { ACTIONS, BANK } from '../evaluate/evaluation-protocol.js';
import { traceAnswers, traceComparison, traceFeatures } from '../evaluate/programs.js';
import { type Config, evaluatorConfig } from '../run/config.js';
import { cost, type Program } from '../tensor/index.js';

/** When a run's health is measured, and on how many images. */
export interface HealthPlan {
  /** Steps from one measurement to the next; that of the untrained model is made with the first of them. */
  readonly every: number;
  /** Held-out images whose versions are ranked for the MRR. */
  readonly ranked: number;
  /** Held-out images for k-NN, RankMe and feature deviation. */
  readonly asked: number;
  /** Training images that k-NN searches; 0 where there are no labels. */
  readonly bank: number;
  /** Multiply-adds of all measurements. */
  readonly multiplyAdds: number;
}

/** Share of the steps' multiply-adds that all measurements may take; programs to compile and pixels come on top. */
const SHARE = 0.04;
/** Images for the MRR where that is cheap, where fewer measurements are better than fewer images, and at least. */
const MOST = 64;
const ENOUGH = 20;
const FEWEST = 2;
/** Beside each image for the MRR, which is encoded 256 times: so many asked for the rest, so many in k-NN's bank. */
const ASKED = 8;
const SEARCHED = 64;
/** Parts that the steps are cut into by measurements, best first. */
const INTERVALS = [5, 4, 3, 2, 1];

/** What an evaluation takes, in multiply-adds counted from its programs. */
export function measuringCosts(config: Config): {
  /** Features of one image. */
  readonly features: number;
  /** Ranks of one image's versions. */
  readonly ranks: number;
} {
  const settings = evaluatorConfig(config);
  const of = (program: unknown): number => cost(program as Program).multiplyAdds;
  return {
    features: of(traceFeatures(settings, 1)),
    ranks: of(traceAnswers(settings, ACTIONS)) + BANK * of(traceComparison(settings, ACTIONS, 1)),
  };
}

/**
 * Plans a run's health checks so that they take at most a twentieth of its time: by the configuration, what a step
 * costs and how many images there are, never by a clock, so that a run can be repeated and gone on with. What
 * `health` says of the interval or of the images is kept to, whatever it costs.
 * @param step multiply-adds of a step
 * @returns undefined where so short a run cannot be measured for so little
 */
export function planHealth(
  config: Config,
  step: number,
  { heldOut, bank }: Readonly<Record<'heldOut' | 'bank', Pick<ImageSet, 'length' | 'labels'>>>,
): HealthPlan | undefined {
  const { steps } = config;
  const { every, images } = config.health;
  const costs = measuringCosts(config);
  const labelled = heldOut.labels !== undefined && bank.labels !== undefined;
  const plan = (count: number, intervals: number): HealthPlan => {
    const ranked = Math.min(count, heldOut.length);
    const asked = Math.min(ASKED * count, heldOut.length);
    const searched = labelled ? Math.min(SEARCHED * count, bank.length) : 0;
    const interval = every ?? Math.ceil(steps / intervals);
    const times = Math.ceil(steps / interval) + 1;
    // Features that do not change are computed once.
    const computed = config.encoder.trained === 'none' ? 1 : times;
    const multiplyAdds = times * ranked * costs.ranks + computed * (asked + searched) * costs.features;
    return { every: interval, ranked, asked, bank: searched, multiplyAdds };
  };
  const isCheap = ({ multiplyAdds }: HealthPlan): boolean => multiplyAdds <= SHARE * steps * step;
  for (const intervals of every === undefined ? INTERVALS : [1])
    for (let count = images ?? MOST; count >= (images ?? ENOUGH); count--)
      if (isCheap(plan(count, intervals))) return plan(count, intervals);
  if (images !== undefined) return plan(images, 1);
  for (let count = ENOUGH - 1; count >= FEWEST; count--) if (isCheap(plan(count, 1))) return plan(count, 1);
  return every === undefined ? undefined : plan(FEWEST, 1);
}
