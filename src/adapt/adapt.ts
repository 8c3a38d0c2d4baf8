import type { Device } from '../engine/index.js';
import { type Log, quiet } from '../log.js';
import { readModels } from '../run/disk/encoder-file.js';
import { readConfig } from '../run/disk/run-folder.js';
import { type AdaptedConfig, type AdaptedTask, networkOf } from './model/adapted-config.js';
import { checkFree, saveModel } from './model/model-folder.js';
import type { HeadConfig } from './network/heads.js';
import { describeProtocol } from './protocol.js';
import type { AdaptationResult } from './result.js';
import { headline, type Score, summary } from './scores/score.js';
import {
  type AdaptationChoices,
  type AdaptationSettings,
  describeSettings,
  resolveAdaptation,
} from './settings.js';
import { checkMaskMeaning } from './tasks/mask-meaning.js';
import type { MaskMeaning } from './tasks/task.js';
import { type TaskImages, withTaskImages } from './tasks/task-images.js';
import { taskKinds } from './tasks/task-kinds.js';
import { initialWeights } from './training/initial-weights.js';
import { type OpenTask, type TrainedTasks, trainTasks } from './training/train-tasks.js';

export interface AdaptOptions {
  /** Folder to make for the adapted model. */
  readonly out: string;
  readonly threads?: number;
  readonly device?: Device;
  readonly log?: Log;
}

/**
 * Adapts a pretrained run to a task, or to several at once, and leaves an adapted model: a folder with config.json,
 * model.safetensors and result.json. Equal settings give equal weights, bit for bit, on one machine with one number of
 * threads.
 * @param choices run and tasks; all else has defaults, and unknown keys are refused
 * @throws UserError for unknown keys, choices that exclude each other, a run or images that cannot be read, a folder in use
 */
export async function adapt(
  choices: AdaptationChoices,
  { out, threads, device, log = quiet }: AdaptOptions,
): Promise<AdaptationResult> {
  const { settings, pretraining } = resolveAdaptation(choices, readConfig);
  checkFree(out);
  log.note(
    `settings: ${describeSettings(settings, pretraining) || 'the defaults'}; all of them in ${out}/config.json`,
  );
  const { seed, limit, fraction, classes, ignored, badSamples } = settings;
  const wanted = { size: pretraining.image.stored, seed, limit, fraction, classes, ignored, badSamples };
  const sources = settings.tasks.map(({ name, task, data }) => ({ name, kind: taskKinds[task], data }));
  const models = readModels(settings.run, pretraining);
  return withTaskImages(sources, wanted, { threads, device, models, log }, async (images, engine) => {
    const config: AdaptedConfig = {
      kind: 'adapted',
      adaptation: settings,
      pretraining,
      tasks: settings.tasks.map((task, i) => describeTask(task, settings, images[i] as TaskImages, log)),
    };
    const network = networkOf(config);
    const start = initialWeights(settings, pretraining, network);
    const tasks = settings.tasks.map(({ name }, i) => ({
      name,
      head: network.tasks[name] as HeadConfig,
      ...(images[i] as TaskImages),
    }));
    const trained = await trainTasks(settings, network, start, tasks, engine, { out, log });
    const result = resultOf(out, settings, tasks, trained);
    const kept = Object.fromEntries(tasks.map((task) => [task.name, task.kept]));
    saveModel(out, { config, images: kept, weights: trained.weights, result, models });
    return result;
  });
}

/** What the model keeps of a task. @throws UserError where its masks mean something else than was said */
function describeTask(
  { name, task, data }: AdaptationSettings['tasks'][number],
  said: MaskMeaning,
  { training }: TaskImages,
  log: Log,
): AdaptedTask {
  const { classes, ignored } = training;
  if (task === 'segmentation') {
    const unsaid = checkMaskMeaning(data, training, said);
    if (unsaid !== undefined) log.note(unsaid);
  }
  return { name, task, classes, ...(ignored === undefined ? {} : { ignored }) };
}

/** What the adaptation came to, and what it cost. */
function resultOf(
  out: string,
  settings: AdaptationSettings,
  tasks: readonly OpenTask[],
  { plan, costs, latents, seconds, history, measured }: TrainedTasks,
): AdaptationResult {
  const before = latents?.seconds ?? 0;
  const shares = tasks.map(({ name }) => plan.step.lessons[name]?.images as number);
  return {
    model: out,
    tasks: tasks.map(({ name, training, head }, i) => ({
      name,
      head: head.kind,
      ...summary(measured[i] as Score),
      classes: training.classes.length,
      trained: training.images.length,
    })),
    tune: settings.tune,
    predictor: settings.predictor.weights,
    ...costs,
    epochs: settings.epochs,
    secondsPerEpoch: seconds / settings.epochs,
    seconds: before + seconds,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    ...(latents === undefined ? {} : { latents }),
    history: history.flatMap((milestone) =>
      tasks.map(({ name }, i) => ({
        task: name,
        epoch: milestone.epoch,
        seconds: before + milestone.seconds,
        loss: milestone.losses[name] as number,
        ...headline(milestone.measured[i] as Score),
      })),
    ),
    protocol: describeProtocol(
      settings,
      tasks.map((task, i) => ({ ...task, share: shares[i] as number })),
      plan.steps,
    ),
  };
}
