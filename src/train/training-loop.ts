import type { ImageSet } from '../data/image-set.js';
import type { Engine } from '../engine/index.js';
import type { Log } from '../log.js';
import { BadSamples } from '../run/bad-samples.js';
import type { Config } from '../run/config.js';
import type { KeptImages } from '../run/kept-images.js';
import type { Health } from '../run/metrics.js';
import type { RunStore } from '../run/run-store.js';
import { layouts } from '../world-model/index.js';
import { Admission } from './admission.js';
import { Batches } from './batches.js';
import { allFinite, divergence } from './divergence.js';
import { type Demands, describeEstimate } from './estimate.js';
import { HealthPanels } from './health-panels.js';
import type { HealthPlan } from './health-plan.js';
import { digestsOf, keepHeldOut } from './held-out.js';
import { rates } from './schedule.js';
import type { StepConfig, traceStep } from './step.js';
import { StepLog } from './step-log.js';
import { type Start, Trainer, weightsOf } from './trainer.js';

/** What a run came to. */
export interface PretrainResult {
  readonly run: string;
  readonly steps: number;
  /** Images seen by the steps of this call. */
  readonly images: number;
  /** Seconds in steps, waiting for input included, health checks and checkpoints not. */
  readonly seconds: number;
  /** 0 where this call had no step to do. */
  readonly imagesPerSecond: number;
  /** Mean over the last logged interval. */
  readonly loss: number;
  /** Share of `seconds` spent waiting for and sampling input. */
  readonly inputShare: number;
  /** Of the model before its first step, and after its last; absent where the run was too short to be measured. */
  readonly before: Health | undefined;
  readonly after: Health | undefined;
}

/** What a run does. */
export interface Course {
  readonly settings: StepConfig;
  /** The step, traced from the settings. */
  readonly program: ReturnType<typeof traceStep>;
  readonly demands: Demands;
  /** Multiply-adds that the machine does in a second, for the estimate. */
  readonly rate: number;
  /** Absent where health is not measured. */
  readonly plan: HealthPlan | undefined;
  /** Where it begins; the same at every call. */
  readonly begin: () => Start;
  /** What the run that it begins from has kept. */
  readonly before: KeptImages | undefined;
}

/**
 * Trains from the newest checkpoint in `store`, or from the start, to the last step.
 * @throws UserError for numbers that are not finite, too many images that cannot be read, or held-out ones that have
 *   changed; the reason of `signal`, once the step is done and written
 */
export async function trainingLoop(
  config: Config,
  engine: Engine,
  course: Course,
  images: ImageSet,
  {
    store,
    resume,
    signal,
    log,
  }: { store: RunStore; resume: boolean; signal: AbortSignal | undefined; log: Log },
): Promise<PretrainResult> {
  const { settings, demands, rate, plan, begin, before } = course;
  const restored = await restore(engine, course, store, log);
  const { trainer, frozenEncoder } = restored;
  let saved = restored.step;
  const start = saved ?? 0;
  await store.forgetAfter(start);
  if (resume)
    log.note(
      `${store.name}: ${saved === undefined ? 'no checkpoint yet, starting afresh' : `going on after step ${start}`}`,
    );
  const badSamples = await BadSamples.open({
    images: images.length,
    share: config.badSamples,
    list: store.badSamples,
    instead: 'begin anew with',
  });
  const onBad = badSamples.add.bind(badSamples);
  const { training, kept, ...measured } = await keepHeldOut(images, config.seed, store, onBad, before);
  const admission = new Admission(training, digestsOf(kept), kept.trained, onBad);
  const batches = new Batches(training, settings.views, config.seed, settings.batch, admission);
  const decoding = await batches.timeDecoding(start * config.accumulate);
  batches.prefetch(start * config.accumulate);
  const left = config.steps - start;
  log.note(
    describeEstimate({
      steps: (left * demands.multiplyAdds) / rate,
      health: plan ? ((left / config.steps) * plan.multiplyAdds) / rate + restored.compiling : 0,
      decoding: decoding * Math.min(training.length, left * config.batch),
    }),
  );

  let done = start;
  const overhead = plan ? plan.multiplyAdds / (config.steps * demands.multiplyAdds) : 0;
  const steps = new StepLog(store, config, log.progress, overhead);
  const update = async (): Promise<void> => {
    const began = performance.now();
    const inputs = [];
    for (let i = 0; i < config.accumulate; i++) inputs.push(await batches.get(done * config.accumulate + i));
    const fed = performance.now();
    const now = rates(config, done);
    const result = await trainer.update(inputs, now);
    const seconds = (performance.now() - began) / 1000;
    if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm))
      throw await divergence(store, config, done + 1, 'loss or gradient');
    done += 1;
    await steps.add(done, result, now, { seconds, inputSeconds: (fed - began) / 1000 });
  };

  let known = admission.trained.size;
  const keepTrained = async (): Promise<void> => {
    if (admission.trained.size === known) return;
    await store.saveImages({ ...kept, trained: [...admission.trained] });
    known = admission.trained.size;
  };

  const save = async (): Promise<void> => {
    if (saved === done) return;
    const now = await trainer.state();
    if (!allFinite(now)) throw await divergence(store, config, done, 'a weight');
    // Before the weights that have seen them, so that none is ever taken for unseen.
    await keepTrained();
    await store.save(done, now, trainer.layouts, config.checkpoint.keep);
    saved = done;
  };

  const panels = plan && (await HealthPanels.open(config, engine, plan, measured, { store, signal, log }));
  const measure = async (): Promise<void> => {
    // A run that was killed after a measurement need not repeat it.
    if (panels === undefined || panels.at(done)) return;
    const weights = await trainer.weights();
    if (!allFinite(weights)) throw await divergence(store, config, done, 'a weight');
    if (panels.at(0) === undefined) {
      const { state, frozenEncoder } = begin();
      await panels.add(weightsOf(state, frozenEncoder), 0);
    }
    await panels.add(weights, done);
  };

  try {
    while (done < config.steps) {
      if (done > 0 && done % config.checkpoint.every === 0) await save();
      if (plan && done > 0 && done % plan.every === 0) await measure();
      signal?.throwIfAborted();
      await update();
    }
    await save();
    await measure();
  } catch (error) {
    // A run that was asked to stop keeps what it has done since the last checkpoint.
    if (signal?.aborted && error === signal.reason && done > start) await save();
    throw error;
  }
  await store.saveModel(await trainer.state(), trainer.layouts, frozenEncoder);
  for (const skipped of [badSamples.describe(), admission.describe()])
    if (skipped !== undefined) log.note(skipped);
  const seen = (done - start) * config.batch;
  const last = (await store.metrics()).findLast((line) => line.kind === 'step');
  return {
    run: store.name,
    steps: config.steps,
    images: seen,
    seconds: steps.seconds,
    imagesPerSecond: seen / (steps.seconds || 1),
    loss: last?.loss ?? Number.NaN,
    inputShare: steps.inputSeconds / (steps.seconds || 1),
    before: panels?.at(0),
    after: panels?.at(config.steps),
  };
}

/** A trainer with the state of the newest checkpoint, and its step; that of the start where there is none yet. */
async function restore(
  engine: Engine,
  { settings, program, demands, begin }: Course,
  store: RunStore,
  log: Log,
) {
  const { state, frozenEncoder } = begin();
  const step = await store.load(state, layouts(settings.model), log.note);
  const began = performance.now();
  const { parted } = demands;
  const trainer = await Trainer.create(engine, program, settings, state, { frozenEncoder, parted });
  return { step, trainer, frozenEncoder, compiling: (performance.now() - began) / 1000 };
}
