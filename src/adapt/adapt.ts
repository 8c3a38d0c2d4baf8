import type { ImageSet } from '../data/images.js';
import { createEngine, type Engine } from '../engine/index.js';
import { UserError } from '../errors.js';
import { Compiled } from '../evaluate/compiled.js';
import { type Flat, initialise, type Layout } from '../nn/index.js';
import { cost, type Program } from '../tensor/index.js';
import { loadModel as loadPretrained } from '../train/checkpoint.js';
import { type Config, modelConfig } from '../train/config.js';
import { Epochs } from '../train/epochs.js';
import { duration, isModelWork } from '../train/estimate.js';
import type { Log } from '../train/pretrain.js';
import { readConfig } from '../train/run-folder.js';
import { rates } from '../train/schedule.js';
import { layouts } from '../train/step.js';
import { type Accuracy, measureAccuracy } from './accuracy.js';
import { type Inputs, imageInputs } from './inputs.js';
import { type FrozenLatents, openLatents } from './latents.js';
import { type AdaptedConfig, createModelFolder, networkOf, saveModel } from './model-folder.js';
import { type Network, networkLayouts, type Part, type Parts, traceLogits } from './network.js';
import { predictLogits } from './predictions.js';
import type { AdaptationResult } from './result.js';
import {
  type AdaptationChoices,
  type AdaptationSettings,
  resolveAdaptation,
  trainedShares,
} from './settings.js';
import { type LabelledImages, openTaskImages } from './task-images.js';
import { Tuner } from './tuner.js';
import { type TuningConfig, traceTuningStep, trainedParts } from './tuning-step.js';

export interface AdaptOptions {
  /** Folder to make for the adapted model. */
  readonly out: string;
  readonly threads?: number;
  readonly log?: Log;
}

const quiet: Log = { progress: () => {}, note: () => {} };

/**
 * Adapts a pretrained run to a task and leaves an adapted model: a folder with config.json, model.safetensors and
 * result.json. Equal settings give equal weights, bit for bit, on one machine with one number of threads.
 * @throws UserError for choices that exclude each other, a run or images that cannot be read, a folder in use
 */
export async function adapt(
  choices: AdaptationChoices,
  { out, threads, log = quiet }: AdaptOptions,
): Promise<AdaptationResult> {
  const pretraining = readConfig(choices.run);
  const settings = resolveAdaptation(choices, pretraining);
  log.note(`configuration: ${JSON.stringify(settings)}`);
  const [task] = settings.tasks;
  if (task === undefined) throw new UserError('give a task', 2);
  const images = await openTaskImages(task.data, {
    size: pretraining.image.stored,
    seed: settings.seed,
    limit: settings.limit,
    fraction: settings.fraction,
  });
  const engine = createEngine(threads === undefined ? {} : { threads });
  try {
    log.note(`learns from ${images.training.description}`);
    log.note(`measured on ${images.heldOut.description}`);
    const config: AdaptedConfig = {
      kind: 'adapted',
      adaptation: settings,
      pretraining,
      tasks: [{ name: task.name, task: task.task, classes: images.training.classes }],
    };
    const weights = startWeights(settings, pretraining, networkOf(config));
    createModelFolder(out, config);
    return await tune(config, weights, images, engine, { out, log });
  } finally {
    engine.dispose();
    await images.close();
  }
}

/** Weights to begin with: the pretrained target encoder and predictor, or random ones; heads always random. */
function startWeights(
  { run, encoder, predictor, seed }: AdaptationSettings,
  pretraining: Config,
  network: Network,
): Parts<Flat<Float32Array>> {
  const pretrained = loadPretrained(run, layouts(modelConfig(pretraining)));
  const where = networkLayouts(network);
  const fresh = (part: Part, stream: number): Flat<Float32Array> =>
    initialise(where[part] as Layout<unknown>, seed, stream);
  return {
    encoder: encoder.weights === 'pretrained' ? pretrained.target : fresh('encoder', 0),
    ...(predictor.weights === 'none'
      ? {}
      : { predictor: predictor.weights === 'pretrained' ? pretrained.predictor : fresh('predictor', 1) }),
    heads: fresh('heads', 2),
  };
}

/** What is fed for training and for measuring, and what it took to get it. */
interface Fed {
  readonly training: Inputs;
  readonly heldOut: Inputs;
  readonly latents: FrozenLatents | undefined;
}

async function prepare(
  { adaptation }: AdaptedConfig,
  network: Network,
  encoder: Flat<Float32Array>,
  { training, heldOut }: { training: ImageSet; heldOut: ImageSet },
  compiled: Compiled,
  log: Log,
): Promise<Fed> {
  if (trainedShares(adaptation).encoder !== undefined)
    return { training: imageInputs(training), heldOut: imageInputs(heldOut), latents: undefined };
  const open = (images: ImageSet, what: string): Promise<FrozenLatents> =>
    openLatents({ images, network, encoder, compiled, log, what, ...adaptation.cache });
  const latents = await open(training, 'training');
  return { training: latents.inputs, heldOut: (await open(heldOut, 'held-out')).inputs, latents };
}

async function tune(
  config: AdaptedConfig,
  weights: Parts<Flat<Float32Array>>,
  { training, heldOut }: { training: LabelledImages; heldOut: LabelledImages },
  engine: Engine,
  { out, log }: { out: string; log: Log },
): Promise<AdaptationResult> {
  const settings = config.adaptation;
  const { optimiser, epochs, seed } = settings;
  const task = config.tasks[0]?.name ?? '';
  const network = networkOf(config);
  const compiled = new Compiled(engine);
  const fed = await prepare(
    config,
    network,
    weights.encoder as Flat<Float32Array>,
    { training: training.images, heldOut: heldOut.images },
    compiled,
    log,
  );
  const count = training.images.length;
  const batch = Math.min(settings.batch, count);
  const stepConfig: TuningConfig = {
    network,
    task,
    input: fed.training.kind,
    trained: trainedShares(settings),
    batch,
    betas: optimiser.betas,
    clip: optimiser.clip,
  };
  const program = traceTuningStep(stepConfig) as unknown as Program;
  const tuner = await Tuner.create(engine, program, stepConfig, weights);
  const steps = Math.max(1, Math.round((epochs * count) / batch));
  const schedule = {
    steps,
    optimiser: {
      ...optimiser,
      weightDecay: [optimiser.weightDecay, optimiser.weightDecay] as [number, number],
    },
    ema: [1, 1] as [number, number],
  };
  const order = new Epochs(count, seed);
  if (fed.latents === undefined) training.images.prefetch(order.from(0, count));

  const measure = async (): Promise<Accuracy> => {
    const current = { ...weights, ...(await tuner.weights()) };
    const logits = await predictLogits(compiled, network, task, current, fed.heldOut);
    return measureAccuracy(logits, heldOut.labels, heldOut.classes.length);
  };
  const history: AdaptationResult['history'][number][] = [];
  let latest: Accuracy | undefined;
  const before = fed.latents?.seconds ?? 0;
  let seconds = 0;
  let loss = { sum: 0, steps: 0 };
  for (let step = 0; step < steps; step++) {
    const began = performance.now();
    const chosen = order.from(step * batch, batch);
    const labels = chosen.map((image) => training.labels[image] as number);
    const { momentum: _, ...now } = rates(schedule, step);
    const result = await tuner.update(await fed.training.batch(chosen), labels, now);
    seconds += (performance.now() - began) / 1000;
    if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm))
      throw new UserError(
        `${out}: the loss is not finite at step ${step + 1}; try a lower optimiser.learningRate`,
      );
    loss = { sum: loss.sum + result.loss, steps: loss.steps + 1 };
    const done = step + 1;
    const epoch = (done * batch) / count;
    const left = (seconds / done) * (steps - done);
    log.progress(
      `epoch ${epoch.toFixed(1)}/${epochs}  loss ${(loss.sum / loss.steps).toFixed(4)}  ${((done * batch) / seconds).toFixed(0)} images/s  ${duration(left)} left${latest === undefined ? '' : `  accuracy ${(100 * latest.accuracy).toFixed(1)} %`}`,
    );
    const whole = Math.floor(epoch + 1e-9);
    const isNew = whole > Math.floor((step * batch) / count + 1e-9);
    if (done === steps || (isNew && whole % settings.measure.every === 0)) {
      latest = await measure();
      history.push({
        epoch: done === steps ? epochs : whole,
        seconds: before + seconds,
        loss: loss.sum / loss.steps,
        accuracy: latest.accuracy,
      });
      loss = { sum: 0, steps: 0 };
    }
  }
  const { accuracy, standardError, top5, asked } = latest as Accuracy;
  const where = networkLayouts(network);
  const result: AdaptationResult = {
    model: out,
    tasks: [
      {
        name: task,
        task: 'classification',
        accuracy,
        standardError,
        top5,
        classes: heldOut.classes.length,
        trained: count,
        asked,
      },
    ],
    tune: settings.tune,
    predictor: settings.predictor.weights,
    head: settings.head,
    trainableParameters: trainedParts(stepConfig).reduce((sum, part) => sum + where[part].count, 0),
    multiplyAddsPerImage: cost(program, isModelWork).multiplyAdds / batch,
    inferenceMultiplyAddsPerImage: cost(
      traceLogits(network, task, 'images', 1) as unknown as Program,
      isModelWork,
    ).multiplyAdds,
    epochs,
    secondsPerEpoch: seconds / epochs,
    seconds: before + seconds,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    ...(fed.latents === undefined ? {} : { latents: describeLatents(fed.latents) }),
    history,
    protocol: protocolOf(config, training, heldOut, steps, batch),
  };
  saveModel(out, network, { ...weights, ...(await tuner.weights()) }, result);
  return result;
}

const describeLatents = ({
  precision,
  bytes,
  seconds,
  from,
}: FrozenLatents): AdaptationResult['latents'] => ({
  precision,
  bytes,
  seconds,
  from,
});

function protocolOf(
  { adaptation }: AdaptedConfig,
  training: LabelledImages,
  heldOut: LabelledImages,
  steps: number,
  batch: number,
): AdaptationResult['protocol'] {
  const { encoder, predictor, optimiser, seed } = adaptation;
  return {
    training: training.description,
    asked: heldOut.description,
    seed,
    images: 'whole and untransformed, in training and when asked',
    encoder: `${encoder.weights === 'pretrained' ? 'pretrained target encoder' : 'random'}; ${adaptation.tune === 'encoder' || adaptation.tune === 'all' ? 'trained' : 'frozen'}`,
    predictor:
      predictor.weights === 'none'
        ? 'none: the head reads the latents'
        : `${predictor.weights}, null action; context computed in ${predictor.contextBlocks} blocks, every ${predictor.stride === 1 ? 'position' : `${predictor.stride}th position of rows and columns`} predicted`,
    optimiser: `AdamW, ${steps} steps of ${batch}, learning rate ${optimiser.learningRate} (pretrained weights × ${optimiser.pretrained}), warm-up ${optimiser.warmup}, cosine to × ${optimiser.final}, weight decay ${optimiser.weightDecay}, clip ${optimiser.clip}`,
    accuracy: 'top-1 at the end, not the best along the way; ties count against; binomial standard error',
  };
}
