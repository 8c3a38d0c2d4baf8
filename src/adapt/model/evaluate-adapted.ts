import type { Device } from '../../engine/index.js';
import { UserError } from '../../errors.js';
import { type Log, quiet } from '../../log.js';
import { count } from '../../words.js';
import { byTask } from '../protocol.js';
import { type AdaptationResult, describeScores, describeTerms, type TaskResult } from '../result.js';
import type { Confusion } from '../scores/confusion.js';
import { describeConfusion } from '../scores/describe-confusion.js';
import { describeIou } from '../scores/iou.js';
import { summary } from '../scores/score.js';
import type { TaskSet } from '../tasks/task.js';
import { openMeasured } from '../tasks/task-images.js';
import { taskKinds } from '../tasks/task-kinds.js';
import type { AdaptedTask } from './adapted-config.js';
import { AdaptedModel } from './adapted-model.js';
import { readTaskImages } from './model-folder.js';

/** How well one task is done on given images, and what was taken for what. */
export type MeasuredTask = TaskResult & {
  /** Names of the classes, and images, or pixels, by their class and what they were taken for. */
  readonly confusion: { readonly classes: readonly string[]; readonly pairs: Confusion };
};

/** What an adapted model does on given images, beside what it cost to make. */
export interface AdaptedEvaluation extends AdaptationResult {
  readonly tasks: readonly MeasuredTask[];
}

export interface EvaluateAdaptedOptions {
  /** Which of its tasks; all where left out. */
  readonly task?: string;
  /** Images to measure one task on; those held out of its training where left out. */
  readonly data?: readonly string[];
  readonly threads?: number;
  readonly device?: Device;
  readonly log?: Log;
}

/**
 * Measures an adapted model, each task on its own images: top-1 and top-5, or IoU by class, mIoU and pixel accuracy; and
 * what was taken for what.
 * @throws UserError where model or images cannot be read, classes are none of the model's, a task is none of its, or
 *   there are data but not for which of several tasks
 */
export async function evaluateAdapted(
  folder: string,
  { task, data, threads, device, log = quiet }: EvaluateAdaptedOptions = {},
): Promise<AdaptedEvaluation> {
  const model = await AdaptedModel.load(folder, { threads, device });
  try {
    const { result } = model;
    const chosen = chooseTasks(model, task, data);
    const measured: { task: MeasuredTask; asked: string }[] = [];
    for (const each of chosen) measured.push(await measureTask(model, each, data, log));
    const said = measured.map((each) => ({ name: each.task.name, said: { asked: each.asked } }));
    return {
      ...result,
      model: folder,
      tasks: measured.map((each) => each.task),
      protocol: { ...result.protocol, ...byTask(said) },
    };
  } finally {
    model.dispose();
  }
}

/** @throws UserError where there is no such task, or it is not said for which the data are */
function chooseTasks(
  { tasks, name: folder }: AdaptedModel,
  name: string | undefined,
  data: readonly string[] | undefined,
): readonly AdaptedTask[] {
  const names = tasks.map((each) => each.name).join(', ');
  const chosen = name === undefined ? tasks : tasks.filter((each) => each.name === name);
  if (chosen.length === 0) throw new UserError(`${folder} does no task "${name}", but ${names}`, 2);
  if (data !== undefined && chosen.length > 1)
    throw new UserError(
      `${folder} does several tasks: say with --task for which of ${names} the data are`,
      2,
    );
  return chosen;
}

/** The one of a model's that has a task's name. */
const ofTask = <T extends { readonly name: string }>(all: readonly T[], { name }: AdaptedTask): T =>
  all.find((each) => each.name === name) as T;

/**
 * Opens a task's images for `work`: those of `data`, or those that were held out of its training; and closes them.
 * @throws UserError as {@link openMeasured}, and what `work` throws
 */
export async function withAsked<T>(
  model: AdaptedModel,
  task: AdaptedTask,
  data: readonly string[] | undefined,
  log: Log,
  work: (set: TaskSet) => Promise<T>,
): Promise<T> {
  const { adaptation } = model.config;
  const own = ofTask(adaptation.tasks, task).data;
  const { set, skipped } = await openMeasured(taskKinds[task.task], data ?? own, model.size, {
    classes: task,
    data: own,
    kept: readTaskImages(model.name, task.name),
    badSamples: adaptation.badSamples,
  });
  if (skipped !== undefined) log.note(skipped);
  try {
    return await work(set);
  } finally {
    await set.close();
  }
}

/** Measures one task on `data`, or on what was held out of its training. */
const measureTask = (
  model: AdaptedModel,
  task: AdaptedTask,
  data: readonly string[] | undefined,
  log: Log,
): Promise<{ task: MeasuredTask; asked: string }> =>
  withAsked(model, task, data, log, async (set) => {
    for (const note of set.notes) log.note(`${task.name}: ${note}`);
    log.progress(`${task.name}: asks ${count(set.images.length, 'image')}`);
    const score = await model.measure(task, set);
    return {
      task: {
        ...ofTask(model.result.tasks, task),
        ...summary(score),
        confusion: { classes: task.classes, pairs: score.confusion },
      },
      asked: set.description,
    };
  });

/** An evaluation in words, with what was taken for what; the scores come last. */
export function describeAdapted(evaluation: AdaptedEvaluation): string {
  const { tasks } = evaluation;
  return [
    describeTerms(evaluation),
    ...tasks.flatMap((task) => {
      const { classes, pairs } = task.confusion;
      return [
        ...(tasks.length > 1 ? [task.name] : []),
        ...(task.task === 'segmentation' ? [describeIou(task.iou)] : []),
        describeConfusion(classes, pairs, task.task === 'segmentation' ? 'shares' : 'counts'),
      ];
    }),
    describeScores(evaluation),
  ].join('\n');
}
