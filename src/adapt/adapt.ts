import type { Device, Engine } from '../engine/index.js';
import { UserError } from '../errors.js';
import { Compiled } from '../evaluate/compiled.js';
import type { Flat } from '../nn/index.js';
import { cost, type Program } from '../tensor/index.js';
import { isModelWork } from '../train/estimate.js';
import { type Log, quiet } from '../train/pretrain.js';
import { readConfig } from '../train/run-folder.js';
import type { HeadConfig } from './heads.js';
import type { FrozenLatents } from './latents.js';
import {
  type AdaptedConfig,
  type AdaptedTask,
  createModelFolder,
  networkOf,
  saveModel,
} from './model-folder.js';
import { networkLayouts, type Parts, traceLogits } from './network.js';
import { openInputs } from './open-inputs.js';
import { predictLogits } from './predictions.js';
import { describeProtocol } from './protocol.js';
import type { AdaptationResult } from './result.js';
import { type Headline, headline, type Score, summary } from './score.js';
import { type AdaptationChoices, resolveAdaptation, trainedShares } from './settings.js';
import { startWeights } from './start-weights.js';
import type { TaskSet } from './task.js';
import { type TaskImages, withTaskImages } from './task-images.js';
import { taskKinds } from './task-kinds.js';
import { stepsOf, tune } from './tune.js';
import { Tuner } from './tuner.js';
import { type TuningConfig, traceTuningStep, trainedParts } from './tuning-step.js';

export interface AdaptOptions {
  /** Folder to make for the adapted model. */
  readonly out: string;
  readonly threads?: number;
  readonly device?: Device;
  readonly log?: Log;
}

/**
 * Adapts a pretrained run to a task and leaves an adapted model: a folder with config.json, model.safetensors and
 * result.json. Equal settings give equal weights, bit for bit, on one machine with one number of threads.
 * @throws UserError for choices that exclude each other, a run or images that cannot be read, a folder in use
 */
export async function adapt(
  choices: AdaptationChoices,
  { out, threads, device, log = quiet }: AdaptOptions,
): Promise<AdaptationResult> {
  const pretraining = readConfig(choices.run);
  const settings = resolveAdaptation(choices, pretraining);
  log.note(`configuration: ${JSON.stringify(settings)}`);
  const [task] = settings.tasks;
  if (task === undefined) throw new UserError('give a task', 2);
  const { seed, limit, fraction, ignored } = settings;
  const wanted = { size: pretraining.image.stored, seed, limit, fraction, ignored };
  const kind = taskKinds[task.task];
  return withTaskImages(kind, task.data, wanted, { threads, device, log }, async (images, engine) => {
    const { training } = images;
    if (ignored !== undefined && training.ignored !== ignored)
      throw new UserError(
        `${task.data.join(' + ')}: its dataset.json says that class ${training.ignored} is ignored; leave --ignored out`,
        2,
      );
    const config: AdaptedConfig = {
      kind: 'adapted',
      adaptation: settings,
      pretraining,
      tasks: [{ name: task.name, task: task.task, classes: training.classes, ...masksOf(training) }],
    };
    const weights = startWeights(settings, pretraining, networkOf(config));
    createModelFolder(out, config);
    return adaptTo(config, weights, images, engine, { out, log });
  });
}

/** What the model keeps of masks. */
const masksOf = ({ ignored }: TaskSet): { ignored?: number } => (ignored === undefined ? {} : { ignored });

/** Trains on opened images, and saves the model. */
async function adaptTo(
  config: AdaptedConfig,
  start: Parts<Flat<Float32Array>>,
  { training, heldOut }: Pick<TaskImages, 'training' | 'heldOut'>,
  engine: Engine,
  { out, log }: { out: string; log: Log },
): Promise<AdaptationResult> {
  const settings = config.adaptation;
  const { optimiser, epochs, predictor } = settings;
  const { name } = config.tasks[0] as AdaptedTask;
  const network = networkOf(config);
  const head = network.tasks[name] as HeadConfig;
  const compiled = new Compiled(engine);
  const sets = { training: training.images, heldOut: heldOut.images };
  const targets = await training.targets(head, (done) =>
    log.progress(`reads what is to be learned of image ${done} of ${training.images.length}`),
  );
  const fed = await openInputs(settings, network, start.encoder as Flat<Float32Array>, sets, compiled, log);
  const count = training.images.length;
  const batch = Math.min(settings.batch, count);
  const steps = stepsOf(epochs, count, batch);
  const stepConfig: TuningConfig = {
    network,
    learners: { [name]: 1 },
    input: fed.training.kind,
    trained: trainedShares(settings),
    batch,
    betas: optimiser.betas,
    clip: optimiser.clip,
  };
  const program = traceTuningStep(stepConfig) as unknown as Program;
  const tuner = await Tuner.create(engine, program, stepConfig, start);
  const weights = async (): Promise<Parts<Flat<Float32Array>>> => ({ ...start, ...(await tuner.weights()) });
  const measure = async (): Promise<{ headline: Headline; score: Score }> => {
    const answers = predictLogits(compiled, network, name, await weights(), fed.heldOut);
    const score = await heldOut.measure(answers, head, compiled);
    return { headline: headline(score), score };
  };
  const tuned = await tune({
    tuner,
    inputs: fed.training,
    targets,
    settings,
    batch,
    steps,
    measure,
    out,
    log,
  });
  const before = fed.latents?.seconds ?? 0;
  const where = networkLayouts(network);
  const answer = traceLogits(network, name, 'images', 1) as unknown as Program;
  const result: AdaptationResult = {
    model: out,
    tasks: [
      {
        name,
        head: head.kind,
        ...summary(tuned.measured.score),
        classes: heldOut.classes.length,
        trained: count,
      },
    ],
    tune: settings.tune,
    predictor: predictor.weights,
    trainableParameters: trainedParts(stepConfig).reduce((sum, part) => sum + where[part].count, 0),
    multiplyAddsPerImage: cost(program, isModelWork).multiplyAdds / batch,
    inferenceMultiplyAddsPerImage: cost(answer, isModelWork).multiplyAdds,
    epochs,
    secondsPerEpoch: tuned.seconds / epochs,
    seconds: before + tuned.seconds,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    ...(fed.latents === undefined ? {} : { latents: latentsResult(fed.latents) }),
    history: tuned.history.map((line) => ({ ...line, seconds: before + line.seconds })),
    protocol: describeProtocol(settings, training, heldOut, head, steps, batch),
  };
  saveModel(out, network, await weights(), result);
  return result;
}

function latentsResult({ precision, bytes, seconds, from }: FrozenLatents): AdaptationResult['latents'] {
  return { precision, bytes, seconds, from };
}
