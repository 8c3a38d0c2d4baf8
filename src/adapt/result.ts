import { count, duration, mebibytes, millions } from '../words.js';
import type { LatentsCost } from './inputs/open-inputs.js';
import type { HeadKind } from './network/heads.js';
import { describeScore, type Headline, type ScoreSummary } from './scores/score.js';
import type { AdaptationSettings } from './settings.js';
import type { Costs } from './training/costs.js';

/** How well one task is done on held-out images: the measures of its kind, without the confusion matrix. */
export type TaskResult = ScoreSummary & {
  readonly name: string;
  readonly head: HeadKind;
  readonly classes: number;
  /** Labelled images learned from. */
  readonly trained: number;
};

/** What an adaptation came to and what it cost; shared by `iwm adapt` and `iwm evaluate`. */
export interface AdaptationResult extends Costs {
  /** Folder of the adapted model. */
  readonly model: string;
  readonly tasks: readonly TaskResult[];
  readonly tune: AdaptationSettings['tune'];
  readonly predictor: AdaptationSettings['predictor']['weights'];
  readonly epochs: number;
  /** Training alone: without latents, measuring, and saving. */
  readonly secondsPerEpoch: number;
  /** Training, and computing or reading the latents before it. */
  readonly seconds: number;
  readonly peakMemoryBytes: number;
  /** A frozen encoder's latents of all training images; absent where the encoder is trained. */
  readonly latents?: LatentsCost;
  /**
   * Held-out accuracy or mIoU along the way, a line for each task at each time; seconds as above, of all tasks together,
   * so that the time to reach it can be read off.
   */
  readonly history: readonly (Headline & {
    /** Its name. */
    readonly task: string;
    readonly epoch: number;
    readonly seconds: number;
    readonly loss: number;
  })[];
  readonly protocol: Readonly<Record<string, string | number>>;
}

/** On what terms a result was made, and what it cost, in words. */
export function describeTerms(result: AdaptationResult): string {
  const { tasks, latents } = result;
  return [
    'protocol',
    ...Object.entries(result.protocol).map(([name, value]) => `  ${name}: ${value}`),
    `cost      ${millions(result.trainableParameters)} trainable parameters, ${millions(result.multiplyAddsPerImage)} multiply-adds an image and step, ${millions(result.inferenceMultiplyAddsPerImage)} to answer${tasks.length > 1 ? ' one task' : ''}`,
    `time      ${result.secondsPerEpoch.toFixed(2)} s an epoch × ${result.epochs}, ${duration(result.seconds)} in all${latents === undefined ? '' : `, ${latents.seconds.toFixed(1)} s of it for latents (${latents.precision}, ${mebibytes(latents.bytes)}, ${latents.from === 'disk' ? 'from disk' : latents.from === 'computed' ? 'computed once' : 'computed in every epoch'})`}; ${mebibytes(result.peakMemoryBytes)} at the peak`,
  ].join('\n');
}

/** How well each task is done, a line each. */
export function describeScores({ model, tasks, tune, predictor }: AdaptationResult): string {
  return [
    `${model}: --tune ${tune} --predictor ${predictor}`,
    ...tasks.map(
      (task) =>
        `${task.name}  ${describeScore(task)} (${task.classes.toLocaleString('en-US')} classes, ${task.head} head, learned from ${count(task.trained, 'image')}, ${task.asked.toLocaleString('en-US')} asked)`,
    ),
  ].join('\n');
}

/** The result in words; what matters comes last. */
export const describeResult = (result: AdaptationResult): string =>
  `${describeTerms(result)}\n${describeScores(result)}`;
