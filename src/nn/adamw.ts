import { add, div, mul, sqrt, sub, type Tensor } from '../tensor/index.js';

/** Weights and their two moments; all of one shape. */
export interface Moments<T> {
  readonly weights: T;
  readonly mean: T;
  readonly variance: T;
}

/** Numbers of one step, each a scalar tensor []. */
export interface AdamRates {
  readonly learningRate: Tensor;
  readonly weightDecay: Tensor | undefined;
  /** 1 / (1 − β₁ᵗ) and 1 / (1 − β₂ᵗ), t counting from 1. */
  readonly meanCorrection: Tensor;
  readonly varianceCorrection: Tensor;
}

/** AdamW (Loshchilov & Hutter 2019): decoupled decay, bias-corrected moments, in PyTorch's order of operations. */
export function adamw(
  { weights, mean, variance }: Moments<Tensor>,
  gradient: Tensor,
  { learningRate, weightDecay, meanCorrection, varianceCorrection }: AdamRates,
  { betas, epsilon = 1e-8 }: { betas: readonly [number, number]; epsilon?: number },
): Moments<Tensor> {
  const newMean = add(mul(mean, betas[0]), mul(gradient, 1 - betas[0]));
  const newVariance = add(mul(variance, betas[1]), mul(mul(gradient, gradient), 1 - betas[1]));
  const deviation = add(sqrt(mul(newVariance, varianceCorrection)), epsilon);
  const step = div(mul(newMean, mul(meanCorrection, learningRate)), deviation);
  const kept = weightDecay === undefined ? weights : mul(weights, sub(1, mul(learningRate, weightDecay)));
  return { weights: sub(kept, step), mean: newMean, variance: newVariance };
}
