import type { Device, Engine } from '../engine/index.js';
import { Compiled } from '../engine/index.js';
import { UserError } from '../errors.js';
import { knnAccuracy } from '../evaluate/knn.js';
import { type Log, quiet } from '../log.js';
import type { Flat } from '../nn/index.js';
import { type Config, evaluatorConfig } from '../run/config.js';
import { readModels } from '../run/disk/encoder-file.js';
import { readConfig } from '../run/disk/run-folder.js';
import type { Program } from '../tensor/index.js';
import { count } from '../words.js';
import type { Inputs } from './inputs/inputs.js';
import { openInputs } from './inputs/open-inputs.js';
import { meanLatents, predictLogits } from './inputs/predictions.js';
import type { InputKind, Network } from './network/network.js';
import { type PooledHeadKind, pooledHeadKinds } from './network/pooled-head.js';
import type { KnnSweep, ProbeResult, Sweep, SweepPoint } from './probe-result.js';
import { describeHeadline } from './scores/score.js';
import {
  type AdaptationChoices,
  type AdaptationSettings,
  describeSettings,
  resolveAdaptation,
} from './settings.js';
import { classification } from './tasks/classification-task.js';
import type { LabelledImages } from './tasks/labelled-images.js';
import { type TaskImages, withTaskImages } from './tasks/task-images.js';
import { Batches } from './training/batches.js';
import { initialWeights } from './training/initial-weights.js';
import { stepsOf } from './training/plan.js';
import { imagesOf, type StepConfig, traceStep } from './training/step.js';
import { Trainer } from './training/trainer.js';
import { trainingLoop } from './training/training-loop.js';

/** What a probe reads: a run, labelled images split as for `adapt`, and its settings as far as a frozen encoder has them. */
export interface ProbeChoices extends Omit<AdaptationChoices, 'tasks' | 'tune' | 'predictor' | 'weights'> {
  readonly data: readonly string[];
}

export interface ProbeOptions {
  readonly threads?: number;
  readonly device?: Device;
  readonly log?: Log;
}

/** The learning rates that probes are trained with, side by side. */
const RATES: readonly number[] = [3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1];
/** The numbers of neighbours that vote. */
const NEIGHBOURS: readonly number[] = [1, 5, 10, 20, 50, 200];

const headName = (kind: PooledHeadKind, rate: number): string =>
  `${kind}${rate.toExponential().replace('.', '_')}`;
const probes = pooledHeadKinds.flatMap((kind) =>
  RATES.map((rate) => ({ kind, rate, name: headName(kind, rate) })),
);

/**
 * Probes a run's target encoder, frozen: linear heads on mean-pooled latents, attentive heads, k-NN. All heads, of
 * every learning rate, learn side by side from the same batches.
 * @param choices the learning rate is swept
 * @throws UserError for unknown keys, where run or images cannot be read, or images have no labels
 */
export async function probeRun(
  { data, ...choices }: ProbeChoices,
  { threads, device, log = quiet }: ProbeOptions = {},
): Promise<ProbeResult> {
  const { settings, pretraining } = resolveAdaptation(
    { ...choices, tasks: [{ data }], tune: 'head' },
    readConfig,
  );
  if (settings.predictor.weights !== 'none')
    throw new UserError('a probe reads the encoder; predictor.weights must be none', 2);
  log.note(`settings: ${describeSettings(settings, pretraining)}`);
  const { seed, limit, fraction, badSamples } = settings;
  const wanted = { size: pretraining.image.stored, seed, limit, fraction, badSamples };
  const probed = [{ name: 'probed', kind: classification, data }];
  const models = readModels(settings.run, pretraining);
  return withTaskImages(probed, wanted, { threads, device, models, log }, ([images], engine) =>
    probeImages(settings, pretraining, images as TaskImages<LabelledImages>, engine, log),
  );
}

/** The pretrained encoder with all probes on it. */
function probeNetwork(pretraining: Config, classes: number): Network {
  const { model, normalisation, image } = evaluatorConfig(pretraining);
  const { width, heads } = model.encoder;
  return {
    model,
    normalisation,
    image,
    predictor: undefined,
    tasks: Object.fromEntries(probes.map(({ name, kind }) => [name, { kind, classes, width, heads }])),
    taskTokens: false,
  };
}

async function probeImages(
  settings: AdaptationSettings,
  pretraining: Config,
  images: TaskImages<LabelledImages>,
  engine: Engine,
  log: Log,
): Promise<ProbeResult> {
  const { training, heldOut } = images;
  const classes = training.classes.length;
  const network = probeNetwork(pretraining, classes);
  const start = initialWeights(settings, pretraining, network);
  const compiled = new Compiled(engine);
  const sets = [{ name: 'probed', training, heldOut }];
  const encoder = start.encoder as Flat<Float32Array>;
  const opened = await openInputs(settings, network, encoder, sets, compiled, log);
  const inputs = { training: opened.training[0] as Inputs, heldOut: opened.heldOut[0] as Inputs };
  const step = probeStep(settings, network, training.images.length, opened.kind);
  const steps = stepsOf(settings.epochs, training.images.length, imagesOf(step));
  const trainer = await Trainer.create(engine, traceStep(step) as unknown as Program, step, start);
  const measure = async (): Promise<readonly Probed[]> => {
    const weights = { ...start, ...(await trainer.weights()) };
    const points: Probed[] = [];
    for (const { kind, name, rate } of probes) {
      const answers = predictLogits(compiled, network, name, weights, inputs.heldOut);
      const { accuracy, interval, ...rest } = await heldOut.measure(answers);
      const top5 = rest.top5 === undefined ? {} : { top5: rest.top5 };
      points.push({ kind, learningRate: rate, accuracy, interval, ...top5 });
    }
    return points;
  };
  const targets = await training.targets();
  const probed = { inputs: inputs.training, targets, epoch: inputs.training.length };
  const { measured, seconds } = await trainingLoop(trainer, new Batches(step, { probed }, settings.seed), {
    // The schedule runs from 0 to 1; measured only at the end.
    settings: {
      ...settings,
      optimiser: { ...settings.optimiser, learningRate: 1 },
      measure: { every: settings.epochs + 1 },
    },
    steps,
    measure,
    describe: (points) => describeHeadline({ accuracy: Math.max(...points.map(({ accuracy }) => accuracy)) }),
    out: settings.run,
    log,
  });
  return {
    run: settings.run,
    linear: best(measured, 'linear'),
    attentive: best(measured, 'attentive'),
    knn: await probeNeighbours(compiled, network, inputs, images),
    classes,
    trained: training.images.length,
    asked: heldOut.labels.length,
    seconds: (opened.latents?.seconds ?? 0) + seconds,
    protocol: describeProtocol(settings, images, steps, imagesOf(step)),
  };
}

/** A step in which all probes learn from the same images, each at its own rate. */
function probeStep(
  { batch, optimiser }: AdaptationSettings,
  network: Network,
  images: number,
  input: InputKind,
): StepConfig {
  const learners = Object.fromEntries(probes.map(({ name, rate }) => [name, rate]));
  return {
    network,
    lessons: { probed: { images: Math.min(batch, images), weight: 1, learners } },
    input,
    trained: { heads: 1 },
    betas: optimiser.betas,
    clip: Number.POSITIVE_INFINITY,
  };
}

/** What a probe came to. */
type Probed = SweepPoint & { readonly kind: PooledHeadKind };

function best(measured: readonly Probed[], kind: PooledHeadKind): Sweep {
  const sweep = measured.filter((point) => point.kind === kind).map(({ kind: _, ...point }) => point);
  const first = sweep.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  return { ...first, sweep: sweep.map(({ learningRate, accuracy }) => ({ learningRate, accuracy })) };
}

function describeProtocol(
  { seed, optimiser }: AdaptationSettings,
  { training, heldOut }: TaskImages<LabelledImages>,
  steps: number,
  batch: number,
): ProbeResult['protocol'] {
  return {
    training: training.description,
    asked: heldOut.description,
    seed,
    encoder: 'pretrained target encoder, frozen; whole, untransformed images',
    probes: `AdamW, ${count(steps, 'step')} of ${batch}, every head alone (no clipping), warm-up ${optimiser.warmup}, cosine to × ${optimiser.final}, weight decay ${optimiser.weightDecay}`,
    sweep: `learning rates ${RATES.join(', ')}, k of ${NEIGHBOURS.join(', ')}: the best on the asked images themselves, so a little optimistic; all are in the sweep`,
    knn: 'cosine of mean-pooled latents; votes as in iwm evaluate',
  };
}

async function probeNeighbours(
  compiled: Compiled,
  network: Network,
  inputs: { readonly training: Inputs; readonly heldOut: Inputs },
  { training, heldOut }: Pick<TaskImages<LabelledImages>, 'training' | 'heldOut'>,
): Promise<KnnSweep> {
  const bank = { features: await meanLatents(compiled, network, inputs.training), labels: training.labels };
  const asked = { features: await meanLatents(compiled, network, inputs.heldOut), labels: heldOut.labels };
  const sweep = [];
  for (const k of NEIGHBOURS.filter((each) => each <= training.labels.length))
    sweep.push(await knnAccuracy(compiled, network.model.encoder.width, bank, asked, k));
  const best = sweep.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  return { ...best, sweep: sweep.map(({ k, accuracy }) => ({ k, accuracy })) };
}
