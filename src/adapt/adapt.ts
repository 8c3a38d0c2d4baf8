import type { Device, Engine } from '../engine/index.js';
import { Compiled } from '../engine/index.js';
import { UserError } from '../errors.js';
import { type Log, quiet } from '../log.js';
import type { Flat } from '../nn/index.js';
import { readConfig } from '../run/disk/run-folder.js';
import type { Program } from '../tensor/index.js';
import type { Images, Inputs } from './inputs/inputs.js';
import { openInputs } from './inputs/open-inputs.js';
import { predictLogits } from './inputs/predictions.js';
import { variedImages } from './inputs/varied-images.js';
import { type AdaptedConfig, createModelFolder, networkOf, saveModel } from './model/model-folder.js';
import type { HeadConfig } from './network/heads.js';
import type { Network, Parts } from './network/network.js';
import { describeProtocol } from './protocol.js';
import type { AdaptationResult } from './result.js';
import { describeHeadline, headline, type Score, summary } from './scores/score.js';
import { type AdaptationChoices, type AdaptationSettings, resolveAdaptation } from './settings.js';
import type { Targets, TaskName, TaskSet } from './tasks/task.js';
import { type TaskImages, withTaskImages } from './tasks/task-images.js';
import { taskKinds } from './tasks/task-kinds.js';
import { countCosts } from './training/costs.js';
import { initialWeights } from './training/initial-weights.js';
import { planTuning } from './training/plan.js';
import { traceStep } from './training/step.js';
import { Trainer } from './training/trainer.js';
import { type Course, tune } from './training/training-loop.js';

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
 * @throws UserError for choices that exclude each other, a run or images that cannot be read, a folder in use
 */
export async function adapt(
  choices: AdaptationChoices,
  { out, threads, device, log = quiet }: AdaptOptions,
): Promise<AdaptationResult> {
  const pretraining = readConfig(choices.run);
  const settings = resolveAdaptation(choices, pretraining);
  log.note(`configuration: ${JSON.stringify(settings)}`);
  const { seed, limit, fraction, ignored } = settings;
  const wanted = { size: pretraining.image.stored, seed, limit, fraction, ignored };
  const sources = settings.tasks.map(({ name, task, data }) => ({ name, kind: taskKinds[task], data }));
  return withTaskImages(sources, wanted, { threads, device, log }, async (images, engine) => {
    const tasks = settings.tasks.map((task, i) => ({ ...task, ...(images[i] as TaskImages) }));
    for (const task of tasks) checkIgnored(task, ignored);
    const config: AdaptedConfig = {
      kind: 'adapted',
      adaptation: settings,
      pretraining,
      tasks: tasks.map(({ name, task, training }) => ({
        name,
        task,
        classes: training.classes,
        ...masksOf(training),
      })),
    };
    const network = networkOf(config);
    const weights = initialWeights(settings, pretraining, network);
    createModelFolder(out, config);
    const opened = tasks.map((task) => ({ ...task, head: network.tasks[task.name] as HeadConfig }));
    return adaptTo(settings, network, weights, opened, engine, { out, log });
  });
}

/** @throws UserError where masks ignore another class than they are asked to */
function checkIgnored(
  { task, data, training }: Pick<OpenTask, 'task' | 'data' | 'training'>,
  ignored: number | undefined,
): void {
  if (task !== 'segmentation' || ignored === undefined || training.ignored === ignored) return;
  throw new UserError(
    `${data.join(' + ')}: its dataset.json says that class ${training.ignored} is ignored; leave --ignored out`,
    2,
  );
}

/** What the model keeps of masks. */
const masksOf = ({ ignored }: TaskSet): { ignored?: number } => (ignored === undefined ? {} : { ignored });

/** A task with its opened images. */
interface OpenTask extends Pick<TaskImages, 'training' | 'heldOut'> {
  readonly name: string;
  readonly task: TaskName;
  readonly data: readonly string[];
  readonly head: HeadConfig;
}

/** Trains on opened images, and saves the model. */
async function adaptTo(
  settings: AdaptationSettings,
  network: Network,
  start: Parts<Flat<Float32Array>>,
  tasks: readonly OpenTask[],
  engine: Engine,
  { out, log }: { out: string; log: Log },
): Promise<AdaptationResult> {
  const compiled = new Compiled(engine);
  const targets = await readTargets(tasks, log);
  const sets = tasks.map(({ name, training, heldOut }) => ({
    name,
    training: { images: versionsOf(training, settings, compiled) },
    heldOut,
  }));
  const fed = await openInputs(settings, network, start.encoder as Flat<Float32Array>, sets, compiled, log);
  const sizes = tasks.map(({ name, training }) => ({ name, images: training.images.length }));
  const plan = planTuning(settings, network, sizes, fed.kind);
  const program = traceStep(plan.step) as unknown as Program;
  const tuner = await Trainer.create(engine, program, plan.step, start);
  const latest = async (): Promise<Parts<Flat<Float32Array>>> => ({ ...start, ...(await tuner.weights()) });
  const measure = async (): Promise<readonly Score[]> => {
    const now = await latest();
    const scores: Score[] = [];
    for (const [i, { name, heldOut, head }] of tasks.entries()) {
      const answers = predictLogits(compiled, network, name, now, fed.heldOut[i] as Inputs);
      scores.push(await heldOut.measure(answers, head, compiled));
    }
    return scores;
  };
  const courses = tasks.map(({ name, training: { images } }, i) => {
    const course: Course = {
      inputs: fed.training[i] as Inputs,
      // All versions of an image are taught the same.
      targets: (chosen) => (targets[i] as Targets)(chosen.map((at) => at % images.length)),
      images: plan.shares[i] as number,
      epoch: images.length,
    };
    return [name, course];
  });
  const tuned = await tune({
    tuner,
    courses: Object.fromEntries(courses),
    settings,
    steps: plan.steps,
    visible: plan.visible,
    measure,
    describe: (scores) => scores.map((score) => describeHeadline(headline(score))).join(', '),
    out,
    log,
  });
  const before = fed.latents?.seconds ?? 0;
  const result: AdaptationResult = {
    model: out,
    tasks: tasks.map(({ name, training, head }, i) => ({
      name,
      head: head.kind,
      ...summary(tuned.measured[i] as Score),
      classes: training.classes.length,
      trained: training.images.length,
    })),
    tune: settings.tune,
    predictor: settings.predictor.weights,
    ...countCosts(plan.step, program),
    epochs: settings.epochs,
    secondsPerEpoch: tuned.seconds / settings.epochs,
    seconds: before + tuned.seconds,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    ...(fed.latents === undefined ? {} : { latents: fed.latents }),
    history: tuned.history.flatMap(({ epoch, seconds, losses, measured }) =>
      tasks.map(({ name }, i) => ({
        task: name,
        epoch,
        seconds: before + seconds,
        loss: losses[name] as number,
        ...headline(measured[i] as Score),
      })),
    ),
    protocol: describeProtocol(
      settings,
      tasks.map((task, i) => ({ ...task, share: plan.shares[i] as number })),
      plan.steps,
    ),
  };
  saveModel(out, network, await latest(), result);
  return result;
}

/** What is to be learned of each task's images. */
async function readTargets(tasks: readonly OpenTask[], log: Log): Promise<Targets[]> {
  const targets: Targets[] = [];
  for (const { name, training, head } of tasks)
    targets.push(
      await training.targets(head, (done) =>
        log.progress(`reads what is to be learned of ${name}: image ${done} of ${training.images.length}`),
      ),
    );
  return targets;
}

/** The training images as they are, or in versions where these are asked for. */
const versionsOf = (
  { images }: Pick<TaskSet, 'images'>,
  { augmentation }: AdaptationSettings,
  compiled: Compiled,
): Images => (augmentation.variants === 0 ? images : variedImages(images, augmentation, compiled));
