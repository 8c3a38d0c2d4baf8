import { percent } from '../../words.js';
import type { Accuracy } from './accuracy.js';
import type { Overlap } from './iou.js';

/** How well a task is done, by the measures of its kind. */
export type Score =
  | ({ readonly task: 'classification' } & Accuracy)
  | ({ readonly task: 'rotation' } & Accuracy)
  | ({ readonly task: 'segmentation' } & Overlap);

/** A score without its confusion matrix. */
export type ScoreSummary =
  | ({ readonly task: 'classification' } & Omit<Accuracy, 'confusion'>)
  | ({ readonly task: 'rotation' } & Omit<Accuracy, 'confusion'>)
  | ({ readonly task: 'segmentation' } & Omit<Overlap, 'confusion'>);

/** The number that tells most, under its own name: one of the two is there. */
export interface Headline {
  /** Top-1. */
  readonly accuracy?: number;
  readonly meanIou?: number;
}

export function summary(score: Score): ScoreSummary {
  const { confusion: _, ...rest } = score;
  return rest as ScoreSummary;
}

export function headline(score: ScoreSummary): Headline {
  return score.task === 'segmentation' ? { meanIou: score.meanIou } : { accuracy: score.accuracy };
}

/** `accuracy 93.1 %`, `mIoU 41.0 %` */
export function describeHeadline({ accuracy, meanIou }: Headline): string {
  return meanIou === undefined ? `accuracy ${percent(accuracy ?? 0)}` : `mIoU ${percent(meanIou)}`;
}

/** A score in a line, without what it was measured on. */
export function describeScore(score: ScoreSummary): string {
  if (score.task === 'segmentation')
    return `mIoU ${percent(score.meanIou)}, pixel accuracy ${percent(score.pixelAccuracy)}`;
  return `${percent(score.accuracy)} ± ${percent(score.standardError)}, top-5 ${percent(score.top5)}`;
}
