import { tokenCount } from '../../world-model/index.js';
import type { InputKind, Network } from '../network/network.js';
import { type AdaptationSettings, trainedShares, weightOf } from '../settings.js';
import { shareBatch, stepsOf } from './batch-shares.js';
import type { StepConfig } from './step.js';
import { drawVisible } from './visible-tokens.js';

/** How the images of one task or several are passed. */
export interface Plan {
  /** Images of each task in a step. */
  readonly shares: readonly number[];
  readonly steps: number;
  readonly step: StepConfig;
  /** Which latents the predictor sees in a step; undefined: all. */
  readonly visible: ((step: number) => Int32Array) | undefined;
}

/**
 * Shares each step out among the tasks, a lesson for each.
 * @param tasks their names, and how many images they are learned from
 */
export function planTuning(
  settings: AdaptationSettings,
  network: Network,
  tasks: readonly { readonly name: string; readonly images: number }[],
  input: InputKind,
): Plan {
  const { predictor, optimiser, epochs, seed } = settings;
  const counts = tasks.map(({ images }) => images);
  const total = counts.reduce((a, b) => a + b, 0);
  const batch = Math.min(settings.batch, total);
  const shares = shareBatch(batch, counts);
  const weights = tasks.map(({ name }) => weightOf(settings, name));
  const allWeights = weights.reduce((a, b) => a + b, 0);
  const lessons = tasks.map(({ name }, i) => [
    name,
    {
      images: shares[i] as number,
      weight: (weights[i] as number) / allWeights,
      learners: { [name]: 1 },
    },
  ]);
  const tokens = tokenCount(network.model.encoder);
  const visible =
    predictor.visible === 1 || network.predictor === undefined
      ? undefined
      : Math.max(1, Math.round(predictor.visible * tokens));
  return {
    shares,
    steps: stepsOf(epochs, total, batch),
    step: {
      network,
      lessons: Object.fromEntries(lessons),
      input,
      trained: trainedShares(settings),
      betas: optimiser.betas,
      visible,
      clip: optimiser.clip,
    },
    visible: visible === undefined ? undefined : (step) => drawVisible(seed, step, batch, tokens, visible),
  };
}
