import type { ImageSet } from '../data/image-set.js';
import type { Engine } from '../engine/index.js';
import { createEvaluator } from '../evaluate/evaluator.js';
import type { Log } from '../log.js';
import { BadSamples } from '../run/bad-samples.js';
import { type Config, evaluatorConfig } from '../run/config.js';
import type { Health } from '../run/metrics.js';
import type { RunStore } from '../run/run-store.js';
import { layouts } from '../world-model/index.js';
import { Admission } from './admission.js';
import { Batches } from './batches.js';
import { allFinite, divergence } from './divergence.js';
import { describeHealth, type HealthCheck, healthProtocol, measureHealth } from './health.js';
import { digestsOf, keepHeldOut } from './held-out.js';
import { rates } from './schedule.js';
import type { StepConfig, traceStep } from './step.js';
import { StepLog } from './step-log.js';
import { initialState, Trainer } from './trainer.js';

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
  /** Of the untrained model. */
  readonly before: Health | undefined;
  readonly after: Health;
}

/** The step that a run takes. */
interface StepChoice {
  readonly settings: StepConfig;
  /** Traced from the settings. */
  readonly program: ReturnType<typeof traceStep>;
  /** Whether it is taken a group of parameters at a time. */
  readonly parted: boolean;
}

/**
 * Trains from the newest checkpoint in `store`, or from the start, to the last step.
 * @throws UserError for numbers that are not finite, too many images that cannot be read, or held-out ones that have
 *   changed; the reason of `signal`, once the step is done and written
 */
export async function trainingLoop(
  config: Config,
  engine: Engine,
  step: StepChoice,
  images: ImageSet,
  {
    store,
    resume,
    signal,
    log,
  }: { store: RunStore; resume: boolean; signal: AbortSignal | undefined; log: Log },
): Promise<PretrainResult> {
  const { settings } = step;
  const restored = await restore(config, engine, step, store, log);
  const { trainer, frozenEncoder } = restored;
  let saved = restored.step;
  const start = saved ?? 0;
  await store.forgetAfter(start);
  if (resume)
    log.note(
      `${store.name}: ${saved === undefined ? 'no checkpoint yet, starting afresh' : `going on after step ${start}`}`,
    );
  const badSamples = new BadSamples({
    images: images.length,
    share: config.badSamples,
    list: store.badSamples,
    instead: 'begin anew with',
  });
  const onBad = badSamples.add.bind(badSamples);
  const { training, heldOut, bank, kept } = await keepHeldOut(images, config.seed, store, onBad);
  const admission = new Admission(training, digestsOf(kept), kept.trained, onBad);
  const batches = new Batches(training, settings.views, config.seed, settings.batch, admission);
  batches.prefetch(start * config.accumulate);
  const evaluator = await createEvaluator(engine, evaluatorConfig(config), signal);
  const check: HealthCheck = { evaluator, heldOut, bank, images: config.health.images, seed: config.seed };
  log.note(healthProtocol(check));

  let done = start;
  const steps = new StepLog(store, config, log.progress);
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

  const panels = (await store.metrics()).filter(
    (line): line is { kind: 'health' } & Health => line.kind === 'health',
  );
  const measure = async (): Promise<Health> => {
    const latest = panels.at(-1);
    // A run that was killed after a measurement need not repeat it.
    if (latest?.step === done) return latest;
    const weights = await trainer.weights();
    if (!allFinite(weights)) throw await divergence(store, config, done, 'a weight');
    const health = { kind: 'health' as const, ...(await measureHealth(check, weights, done, panels[0])) };
    panels.push(health);
    await store.addMetric(health);
    log.note(describeHealth(health));
    return health;
  };

  try {
    while (done < config.steps) {
      if (done > 0 && done % config.checkpoint.every === 0) await save();
      if (done % config.health.every === 0) await measure();
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
    before: panels.find(({ step }) => step === 0),
    after: await measure(),
  };
}

/** A trainer with the state of the newest checkpoint, and its step; the untrained state where there is none yet. */
async function restore(
  config: Config,
  engine: Engine,
  { settings, program, parted }: StepChoice,
  store: RunStore,
  log: Log,
) {
  const { state, frozenEncoder } = initialState(settings, config.seed);
  const step = await store.load(state, layouts(settings.model), log.note);
  const trainer = await Trainer.create(engine, program, settings, state, { frozenEncoder, parted });
  return { step, trainer, frozenEncoder };
}
