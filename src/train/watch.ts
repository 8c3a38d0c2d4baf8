import type { ImageSet } from '../data/image-set.js';
import type { Engine } from '../engine/index.js';
import { createEvaluator, type Evaluator } from '../evaluate/evaluator.js';
import { toRgb } from '../evaluate/retrieval.js';
import { type Sweep, sweepJitters } from '../evaluate/sweep.js';
import { type Config, evaluatorConfig } from '../run/config.js';
import type { ModelWeights } from '../world-model/index.js';
import { measuringCosts } from './health-plan.js';

/** What a model in training retrieves for a held-out image as each jitter goes from low to high, after so many steps. */
export interface Watched extends Sweep {
  readonly step: number;
}

/** Share of the steps' multiply-adds that all looks may take; programs to compile and pictures to draw come on top. */
const SHARE = 0.02;
/** What a look costs, as a multiple of the ranks of one image's versions: its bank, and the sweep's own versions. */
const RANKS = 1.25;

/**
 * Steps from one look to the next, so that looks cost little: by what they and a step cost, never by a clock.
 * @param step multiply-adds of a step
 */
export const watchEvery = (config: Config, step: number): number =>
  Math.max(1, Math.ceil((RANKS * measuringCosts(config).ranks) / (SHARE * step)));

/** Looks at a model while it is trained, always with the same image. */
export class Watch {
  #evaluator: Promise<Evaluator> | undefined;

  /**
   * @param heldOut the first of them is looked at
   * @param every steps from one look to the next
   * @param tell is told what was seen
   */
  constructor(
    private readonly config: Config,
    private readonly engine: Engine,
    private readonly heldOut: ImageSet,
    private readonly every: number,
    private readonly tell: (seen: Watched) => void,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Looks, where it is time for it. @param weights gives them as they are after so many steps */
  async after(step: number, weights: () => Promise<ModelWeights>): Promise<void> {
    if (step === 0 || step % this.every !== 0) return;
    const settings = evaluatorConfig(this.config);
    this.#evaluator ??= createEvaluator(this.engine, settings, this.signal);
    const image = await this.heldOut.batch([0]);
    const retriever = await (await this.#evaluator).retriever(await weights(), image);
    const rows = await sweepJitters(retriever, settings.augmentation);
    this.tell({ step, original: toRgb(image, settings.image.height), rows });
  }
}
