import type { Device } from '../engine/index.js';
import type { Log } from '../train/pretrain.js';
import { measureAccuracy } from './accuracy.js';
import { AdaptedModel } from './adapted-model.js';
import { imageInputs } from './inputs.js';
import { type AdaptationResult, describeResult } from './result.js';
import { openMeasured } from './task-images.js';

/** What an adapted model does on given images, beside what it cost to make. */
export interface AdaptedEvaluation extends AdaptationResult {
  /** Images of class i (row) that were taken for class j (column). */
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
 * Measures an adapted model: top-1, top-5, confusion matrix.
 * @throws UserError where model or images cannot be read, or classes are none of the model's
 */
export async function evaluateAdapted(
  folder: string,
  { data, threads, device, log }: EvaluateAdaptedOptions = {},
): Promise<AdaptedEvaluation> {
  const model = await AdaptedModel.load(folder, { threads, device });
  const { task, config, result } = model;
  const learned = config.adaptation.tasks[0]?.data ?? [];
  try {
    const { images, labels, description, close } = await openMeasured(data ?? learned, {
      size: model.size,
      classes: task.classes,
      learned,
    });
    try {
      log?.progress(`asks ${images.length} images`);
      images.prefetch();
      const logits = await model.logits(imageInputs(images));
      const { confusion, ...measured } = measureAccuracy(logits, labels, task.classes.length);
      const before = result.tasks.find(({ name }) => name === task.name);
      return {
        ...result,
        model: folder,
        tasks: [
          {
            name: task.name,
            task: task.task,
            ...measured,
            classes: task.classes.length,
            trained: before?.trained ?? 0,
          },
        ],
        protocol: { ...result.protocol, asked: description },
        confusion: { classes: task.classes, counts: confusion },
      };
    } finally {
      await close();
    }
  } finally {
    model.dispose();
  }
}

/** Classes up to which the confusion matrix is drawn. */
const MATRIX = 20;

/** An evaluation in words, with its confusion matrix where it fits on a screen. */
export function describeAdapted(evaluation: AdaptedEvaluation): string {
  const { classes, counts } = evaluation.confusion;
  if (classes.length > MATRIX)
    return `${describeResult(evaluation)}\nconfusion of ${classes.length} classes: see --json`;
  const name = Math.max(...classes.map((each) => each.length));
  const cell = Math.max(
    4,
    String(Math.max(...counts.flat())).length + 1,
    ...classes.map((_, i) => `${i}`.length + 1),
  );
  const row = (cells: readonly (string | number)[]): string =>
    cells.map((each) => String(each).padStart(cell)).join('');
  return [
    describeResult(evaluation),
    'confusion: rows are the classes, columns what they were taken for',
    `${' '.repeat(name + 4)}${row(classes.map((_, i) => i))}`,
    ...counts.map((line, i) => `${String(i).padStart(3)} ${(classes[i] ?? '').padEnd(name)}${row(line)}`),
  ].join('\n');
}
