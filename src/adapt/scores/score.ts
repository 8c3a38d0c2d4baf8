import { describeShare } from '../../evaluate/proportion.js';
import { percent } from '../../words.js';
import type { Accuracy } from './accuracy.js';
import type { Overlap } from './iou.js';

/** How well a task is done, by the measures of its kind. */
export type Score =
  | ({ readonly task: 'classification' } & Accuracy)
  | ({ readonly task: 'rotation' } & Accuracy)
  | ({ readonly task: 'segmentation' } & Overlap);

/** A score without what was taken for what. */
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

/** Fewer images tell good from bad by accident. */
const ENOUGH = 10;

/** Why a score says less than it seems to, where it does. */
export function caveat({ asked, occurring }: Pick<ScoreSummary, 'asked' | 'occurring'>): string | undefined {
  if (occurring === 1) return 'all asked are of one class, so it says nothing of the others';
  return asked < ENOUGH ? 'too few images to tell' : undefined;
}

/** A score in a line, without what it was measured on. */
export function describeScore(score: ScoreSummary): string {
  const parts =
    score.task === 'segmentation'
      ? [`mIoU ${percent(score.meanIou)}`, `pixel accuracy ${percent(score.pixelAccuracy)}`]
      : [
          describeShare(score.accuracy, score.interval),
          ...(score.top5 === undefined ? [] : [`top-5 ${percent(score.top5)}`]),
        ];
  const but = caveat(score);
  return parts.join(', ') + (but === undefined ? '' : `; ${but}`);
}
