import type { Device } from '../engine/index.js';
import type { Log } from '../train/pretrain.js';
import { AdaptedModel } from './adapted-model.js';
import { describeConfusion } from './confusion-table.js';
import { describeIou } from './iou.js';
import type { AdaptedTask } from './model-folder.js';
import { type AdaptationResult, describeResult, type TaskResult } from './result.js';
import { summary } from './score.js';
import { openMeasured } from './task-images.js';
import { taskKinds } from './task-kinds.js';

/** What an adapted model does on given images, beside what it cost to make. */
export interface AdaptedEvaluation extends AdaptationResult {
  /** Images, or pixels, of class i (row) that were taken for class j (column). */
  readonly confusion: {
    readonly classes: readonly string[];
    readonly counts: readonly (readonly number[])[];
  };
}

export interface EvaluateAdaptedOptions {
  /** Images to measure on; those held out of its training where left out. */
  readonly data?: readonly string[];
  readonly threads?: number;
  readonly device?: Device;
  readonly log?: Log;
}

/**
 * Measures an adapted model: top-1 and top-5, or IoU by class, mIoU and pixel accuracy; and the confusion matrix.
 * @throws UserError where model or images cannot be read, or classes are none of the model's
 */
export async function evaluateAdapted(
  folder: string,
  { data, threads, device, log }: EvaluateAdaptedOptions = {},
): Promise<AdaptedEvaluation> {
  const model = await AdaptedModel.load(folder, { threads, device });
  const { tasks, config, result } = model;
  const [task] = tasks as [AdaptedTask];
  const learned = config.adaptation.tasks[0]?.data ?? [];
  try {
    const set = await openMeasured(taskKinds[task.task], data ?? learned, {
      size: model.size,
      known: task,
      learned,
    });
    try {
      log?.progress(`asks ${set.images.length} images`);
      const score = await model.measure(task, set);
      const before = result.tasks.find(({ name }) => name === task.name) as TaskResult;
      return {
        ...result,
        model: folder,
        tasks: [{ ...before, ...summary(score) }],
        protocol: { ...result.protocol, asked: set.description },
        confusion: { classes: task.classes, counts: score.confusion },
      };
    } finally {
      await set.close();
    }
  } finally {
    model.dispose();
  }
}

/** An evaluation in words, with what was taken for what. */
export function describeAdapted(evaluation: AdaptedEvaluation): string {
  const [task] = evaluation.tasks as [TaskResult];
  const { classes, counts } = evaluation.confusion;
  return [
    describeResult(evaluation),
    ...(task.task === 'segmentation' ? [describeIou(task.iou)] : []),
    describeConfusion(classes, counts, task.task === 'segmentation' ? 'shares' : 'counts'),
  ].join('\n');
}
