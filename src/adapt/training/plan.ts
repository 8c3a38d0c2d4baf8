import { tokenCount } from '../../world-model/index.js';
import type { InputKind, Network } from '../network/network.js';
import { type AdaptationSettings, trainedShares, weightOf } from '../settings.js';
import type { Lesson, StepConfig } from './step.js';

/** How the images of one task or several are passed. */
export interface Plan {
  readonly steps: number;
  readonly step: StepConfig;
}

/**
 * Shares each step out among the tasks, a lesson for each.
 * @param tasks their names, and how many images they are learned from
 */
export function planTraining(
  settings: AdaptationSettings,
  network: Network,
  tasks: readonly { readonly name: string; readonly images: number }[],
  input: InputKind,
): Plan {
  const { predictor, optimiser, epochs } = settings;
  const counts = tasks.map(({ images }) => images);
  const total = counts.reduce((a, b) => a + b, 0);
  const batch = Math.min(settings.batch, total);
  const shares = shareBatch(batch, counts);
  const weights = tasks.map(({ name }) => weightOf(settings, name));
  const allWeights = weights.reduce((a, b) => a + b, 0);
  const lesson = (name: string, i: number): Lesson => ({
    images: shares[i] as number,
    weight: (weights[i] as number) / allWeights,
    learners: { [name]: 1 },
  });
  const visible =
    predictor.visible === 1 || network.predictor === undefined
      ? undefined
      : Math.max(1, Math.round(predictor.visible * tokenCount(network.model.encoder)));
  return {
    steps: stepsOf(epochs, total, batch),
    step: {
      network,
      lessons: Object.fromEntries(tasks.map(({ name }, i) => [name, lesson(name, i)])),
      input,
      trained: trainedShares(settings),
      betas: optimiser.betas,
      visible,
      clip: optimiser.clip,
    },
  };
}

/**
 * How many images of each task a step takes, so that an epoch passes all images of all tasks once: shares of the batch
 * by the tasks' numbers of images, rounded by largest remainders, at least one each.
 * @param batch images of a step; at least as many as there are tasks, at most as many as there are images
 * @param counts images of each task
 */
export function shareBatch(batch: number, counts: readonly number[]): number[] {
  const total = counts.reduce((a, b) => a + b, 0);
  const exact = counts.map((count) => (batch * count) / total);
  const shares = exact.map((share) => Math.max(1, Math.floor(share)));
  const sum = (): number => shares.reduce((a, b) => a + b, 0);
  const owed = (i: number): number => (exact[i] as number) - (shares[i] as number);
  const places = counts.map((_, i) => i);
  while (sum() < batch) {
    const next = places.reduce((a, b) => (owed(b) > owed(a) ? b : a));
    shares[next] = (shares[next] as number) + 1;
  }
  // Tasks that got their one image without having earned it are paid for by those that have most too much.
  while (sum() > batch) {
    const next = places.filter((i) => shares[i] !== 1).reduce((a, b) => (owed(b) < owed(a) ? b : a));
    shares[next] = (shares[next] as number) - 1;
  }
  return shares;
}

/** Steps in which all epochs pass: batches go on over the end of an epoch, so that none is cut short. */
export function stepsOf(epochs: number, images: number, batch: number): number {
  return Math.max(1, Math.round((epochs * images) / batch));
}
