import { join } from 'node:path';
import type { AdaptedTask } from '../adapt/model/adapted-config.js';
import { AdaptedModel } from '../adapt/model/adapted-model.js';
import { withAsked } from '../adapt/model/evaluate-adapted.js';
import type { TaskSet } from '../adapt/tasks/task.js';
import type { ComputeOptions } from '../engine/index.js';
import { type Log, quiet } from '../log.js';
import { writeAtomically } from '../run/disk/atomic-file.js';
import { type AskedTask, renderAdapted } from './adapted-page.js';
import { badness, type Mistake, mistakeFigures } from './mistakes.js';
import { Worst } from './worst.js';

/** Mistakes that are shown as pictures. */
const MOST = { class: 24, pixels: 8 } as const;

/**
 * Writes `report.html` into an adapted model's folder: the curves of its adaptation, and of the images that were held
 * out of it what was taken for what, and the worst mistakes as pictures.
 * @returns the path of the page
 * @throws UserError where the folder holds no adapted model, or its images cannot be read any more
 */
export async function reportAdapted(
  folder: string,
  { log = quiet, threads, device }: { log?: Log } & ComputeOptions = {},
): Promise<string> {
  const model = await AdaptedModel.load(folder, { threads, device });
  try {
    const tasks: AskedTask[] = [];
    for (const task of model.tasks) {
      log.progress(`report: asks the held-out images of ${task.name}`);
      tasks.push(await withAsked(model, task, undefined, log, (set) => askTask(model, task, set)));
    }
    const { config, result } = model;
    const page = renderAdapted({
      name: folder,
      run: config.adaptation.run,
      result,
      tasks,
      config: config.adaptation,
    });
    const path = join(folder, 'report.html');
    writeAtomically(path, [new TextEncoder().encode(page)]);
    return path;
  } finally {
    model.dispose();
  }
}

/** Measures one task, and keeps the worst mistakes on the way. */
async function askTask(model: AdaptedModel, task: AdaptedTask, set: TaskSet): Promise<AskedTask> {
  const worst = new Worst<Mistake>(MOST[task.task === 'segmentation' ? 'pixels' : 'class']);
  const score = await model.measure(task, set, (image, judgement) =>
    worst.add(badness(judgement, task), { image, judgement }),
  );
  return { task, score, mistakes: await mistakeFigures(set.images, task, worst.items) };
}
