import type { Config } from '../run/config.js';
import type { Rates } from './update.js';

/** From `first` to `last` along half a cosine; `progress` in 0..1. */
export function cosine(first: number, last: number, progress: number): number {
  return last + (first - last) * 0.5 * (1 + Math.cos(Math.PI * progress));
}

/**
 * The scheduled numbers of a step: learning rate (linear warm-up, then cosine), weight decay (cosine), share of the
 * target encoder kept (linear), and Adam's bias corrections.
 * @param step counting from 0
 */
export function rates(
  { steps, optimiser, ema }: Pick<Config, 'steps' | 'optimiser' | 'ema'>,
  step: number,
): Rates<number> {
  const warmup = Math.round(steps * optimiser.warmup);
  const progress = steps > 1 ? step / (steps - 1) : 1;
  const decline = (step - warmup) / Math.max(1, steps - 1 - warmup);
  const share = step < warmup ? (step + 1) / (warmup + 1) : cosine(1, optimiser.final, decline);
  return {
    learningRate: optimiser.learningRate * share,
    weightDecay: cosine(optimiser.weightDecay[0], optimiser.weightDecay[1], progress),
    momentum: ema[0] + (ema[1] - ema[0]) * progress,
    meanCorrection: 1 / (1 - optimiser.betas[0] ** (step + 1)),
    varianceCorrection: 1 / (1 - optimiser.betas[1] ** (step + 1)),
  };
}
