import type { Device, Engine } from '../engine/index.js';
import { UserError } from '../errors.js';
import { Compiled } from '../evaluate/compiled.js';
import type { Flat } from '../nn/index.js';
import { cost, type Program } from '../tensor/index.js';
import { isModelWork } from '../train/estimate.js';
import { type Log, quiet } from '../train/pretrain.js';
import { readConfig } from '../train/run-folder.js';
import { type AdaptedConfig, createModelFolder, networkOf, saveModel } from './model/model-folder.js';
import type { HeadConfig } from './network/heads.js';
import { type Network, networkLayouts, type Parts, traceLogits } from './network/network.js';
import { describeProtocol } from './protocol.js';
import type { AdaptationResult } from './result.js';
import { describeHeadline, headline, type Score, summary } from './scores/score.js';
import {
  type AdaptationChoices,
  type AdaptationSettings,
  resolveAdaptation,
  trainedShares,
  weightOf,
} from './settings.js';
import type { Targets, TaskName, TaskSet } from './tasks/task.js';
import { type TaskImages, withTaskImages } from './tasks/task-images.js';
import { taskKinds } from './tasks/task-kinds.js';
import { shareBatch, stepsOf } from './tuning/batch-shares.js';
import type { Inputs } from './tuning/inputs.js';
import { openInputs } from './tuning/open-inputs.js';
import { predictLogits } from './tuning/predictions.js';
import { startWeights } from './tuning/start-weights.js';
import { tune } from './tuning/tune.js';
import { Tuner } from './tuning/tuner.js';
import { type TuningConfig, traceTuningStep, trainedParts } from './tuning/tuning-step.js';
import { variedImages } from './tuning/varied-images.js';

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
    const weights = startWeights(settings, pretraining, network);
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
  const { optimiser, epochs, predictor } = settings;
  const compiled = new Compiled(engine);
  const targets: Targets[] = [];
  for (const { name, training, head } of tasks)
    targets.push(
      await training.targets(head, (done) =>
        log.progress(`reads what is to be learned of ${name}: image ${done} of ${training.images.length}`),
      ),
    );
  const { augmentation } = settings;
  const sets =
    augmentation.variants === 0
      ? tasks
      : tasks.map(({ name, training, heldOut }) => ({
          name,
          training: { images: variedImages(training.images, augmentation, compiled) },
          heldOut,
        }));
  const fed = await openInputs(settings, network, start.encoder as Flat<Float32Array>, sets, compiled, log);
  const counts = tasks.map(({ training }) => training.images.length);
  const total = counts.reduce((a, b) => a + b, 0);
  const batch = Math.min(settings.batch, total);
  const shares = shareBatch(batch, counts);
  const steps = stepsOf(epochs, total, batch);
  const weights = tasks.map(({ name }) => weightOf(settings, name));
  const allWeights = weights.reduce((a, b) => a + b, 0);
  const byName = <T>(make: (task: OpenTask, i: number) => T): Record<string, T> =>
    Object.fromEntries(tasks.map((task, i) => [task.name, make(task, i)]));
  const stepConfig: TuningConfig = {
    network,
    lessons: byName(({ name }, i) => ({
      images: shares[i] as number,
      weight: (weights[i] as number) / allWeights,
      learners: { [name]: 1 },
    })),
    input: fed.kind,
    trained: trainedShares(settings),
    betas: optimiser.betas,
    clip: optimiser.clip,
  };
  const program = traceTuningStep(stepConfig) as unknown as Program;
  const tuner = await Tuner.create(engine, program, stepConfig, start);
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
  const tuned = await tune({
    tuner,
    courses: byName((_, i) => ({
      inputs: fed.training[i] as Inputs,
      // All versions of an image are taught the same.
      targets: (chosen) => (targets[i] as Targets)(chosen.map((at) => at % (counts[i] as number))),
      images: shares[i] as number,
      epoch: counts[i] as number,
    })),
    settings,
    steps,
    measure,
    describe: (scores) => scores.map((score) => describeHeadline(headline(score))).join(', '),
    out,
    log,
  });
  const before = fed.latents?.seconds ?? 0;
  const where = networkLayouts(network);
  const answers = tasks.map(({ name }) => traceLogits(network, name, 'images', 1) as unknown as Program);
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
    predictor: predictor.weights,
    trainableParameters: trainedParts(stepConfig).reduce((sum, part) => sum + where[part].count, 0),
    multiplyAddsPerImage: cost(program, isModelWork).multiplyAdds / batch,
    inferenceMultiplyAddsPerImage: Math.max(
      ...answers.map((answer) => cost(answer, isModelWork).multiplyAdds),
    ),
    epochs,
    secondsPerEpoch: tuned.seconds / epochs,
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
      tasks.map((task, i) => ({ ...task, share: shares[i] as number })),
      steps,
    ),
  };
  saveModel(out, network, await latest(), result);
  return result;
}
