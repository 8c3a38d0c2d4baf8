import type { ImageSet } from '../data/images.js';
import type { Engine } from '../engine/index.js';
import { createEngine } from '../engine/index.js';
import { UserError } from '../errors.js';
import { createEvaluator } from '../evaluate/evaluator.js';
import { BadSamples } from './bad-samples.js';
import { Batches } from './batches.js';
import { loadCheckpoint, saveCheckpoint, saveModel } from './checkpoint.js';
import { type Config, evaluatorConfig, modelConfig, viewsConfig } from './config.js';
import { describeEstimate, duration, estimate } from './estimate.js';
import { describeHealth, type HealthCheck, healthProtocol, measureHealth } from './health.js';
import { createRun, type Health, readConfig, truncateMetrics, writeMetric } from './run-folder.js';
import { rates } from './schedule.js';
import { layouts, type StepConfig, traceStep } from './step.js';
import { initialState, Trainer } from './trainer.js';
import { holdOut, openTrainingImages, readable } from './training-images.js';

/** Where a long task says how far it is; see the command line's output. */
export interface Log {
  progress(line: string): void;
  note(text: string): void;
}

export interface PretrainOptions {
  /** Run folder to make, or to go on with. */
  readonly out: string;
  /** Go on from the newest checkpoint of `out`. */
  readonly resume?: boolean;
  readonly threads?: number;
  readonly log?: Log;
}

/** What a run came to. */
export interface PretrainResult {
  readonly run: string;
  readonly steps: number;
  /** Images seen by the steps of this call. */
  readonly images: number;
  /** Seconds in steps, waiting for input included, health checks and checkpoints not. */
  readonly seconds: number;
  readonly imagesPerSecond: number;
  /** Mean over the last logged interval. */
  readonly loss: number;
  /** Share of `seconds` spent waiting for and sampling input. */
  readonly inputShare: number;
  readonly before: Health | undefined;
  readonly after: Health;
}

/** The step program's settings in a configuration. */
export function stepConfig(config: Config): StepConfig {
  return {
    model: modelConfig(config),
    views: viewsConfig(config),
    normalisation: config.normalisation,
    frozen: config.encoder.frozen,
    batch: config.batch / config.accumulate,
    accumulate: config.accumulate,
    betas: config.optimiser.betas,
    clip: config.optimiser.clip,
  };
}

const quiet: Log = { progress: () => {}, note: () => {} };

/**
 * Pretrains an image world model and leaves a run folder: config.json, metrics.jsonl, checkpoints/, model.safetensors.
 * Equal configurations give equal weights, bit for bit, on one machine with one number of threads, interrupted or not.
 * Images that cannot be read are skipped and listed in bad-samples.jsonl, up to the share `badSamples` of them.
 * @throws UserError for data that cannot be read, a folder in use, a configuration that cannot fit, a loss that is not finite
 */
export async function pretrain(
  config: Config,
  { out, resume = false, threads, log = quiet }: PretrainOptions,
): Promise<PretrainResult> {
  if (resume) checkSame(readConfig(out), config, out);
  const images = await openTrainingImages(config);
  const engine = createEngine(threads === undefined ? {} : { threads });
  try {
    log.note(images.description);
    return await run(config, images, engine, { out, resume, log });
  } finally {
    engine.dispose();
    await images.close();
  }
}

function checkSame(before: Config, now: Config, run: string): void {
  if (JSON.stringify(before) === JSON.stringify(now)) return;
  const keys = Object.keys(now).filter(
    (key) => JSON.stringify(before[key as keyof Config]) !== JSON.stringify(now[key as keyof Config]),
  );
  throw new UserError(
    `${run} was started with other settings of ${keys.join(', ')}; resume it without changing them`,
    2,
  );
}

async function run(
  config: Config,
  images: ImageSet,
  engine: Engine,
  { out, resume, log }: { out: string; resume: boolean; log: Log },
): Promise<PretrainResult> {
  const settings = stepConfig(config);
  const parts = layouts(settings.model);
  const { training, ...measured } = holdOut(images, config.seed);
  if (training.length < 1)
    throw new UserError(`${images.source}: ${images.length} images are too few to train on`);
  const program = traceStep(settings);
  const predicted = await estimate(engine, program, settings, config.steps);
  log.note(describeEstimate(predicted));
  if (!resume) createRun(out, config);

  const { state, frozenEncoder } = initialState(settings, config.seed);
  const start = (resume ? loadCheckpoint(out, state, parts) : 0) ?? 0;
  if (resume) {
    truncateMetrics(out, start);
    log.note(`${out}: going on after step ${start}`);
  }
  const badSamples = new BadSamples(out, images.length, config.badSamples);
  const onBad = badSamples.add.bind(badSamples);
  const batches = new Batches(training, settings.views, config.seed, settings.batch, onBad);
  batches.prefetch(start * config.accumulate);
  const heldOut = await readable(measured.heldOut, onBad);
  const bank = await readable(measured.bank, onBad);
  const trainer = await Trainer.create(engine, program, settings, state, frozenEncoder);
  const evaluator = await createEvaluator(engine, evaluatorConfig(config));
  const check: HealthCheck = { evaluator, heldOut, bank, images: config.health.images, seed: config.seed };
  log.note(healthProtocol(check));
  let before: Health | undefined;
  let latest: Health | undefined;
  const measure = async (step: number): Promise<void> => {
    latest = await measureHealth(check, await trainer.weights(), step, before);
    before ??= latest;
    writeMetric(out, { kind: 'health', ...latest });
    log.note(describeHealth(latest));
  };
  if (start === 0) await measure(0);

  const clock = { total: 0, input: 0 };
  let interval = { loss: 0, steps: 0, seconds: 0 };
  let loss = Number.NaN;
  for (let step = start; step < config.steps; step++) {
    const began = performance.now();
    const inputs = [];
    for (let i = 0; i < config.accumulate; i++) inputs.push(await batches.get(step * config.accumulate + i));
    const fed = performance.now();
    const now = rates(config, step);
    const result = await trainer.update(inputs, now);
    const seconds = (performance.now() - began) / 1000;
    clock.total += seconds;
    clock.input += (fed - began) / 1000;
    if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm))
      throw new UserError(
        `${out}: the loss is not finite at step ${step + 1}; the checkpoints before it are kept. Try a lower optimiser.learningRate`,
      );
    interval = {
      loss: interval.loss + result.loss,
      steps: interval.steps + 1,
      seconds: interval.seconds + seconds,
    };
    const done = step + 1;
    if (done % config.log.every === 0 || done === config.steps) {
      loss = interval.loss / interval.steps;
      const rate = (interval.steps * config.batch) / interval.seconds;
      writeMetric(out, {
        kind: 'step',
        step: done,
        images: done * config.batch,
        loss,
        gradientNorm: result.gradientNorm,
        learningRate: now.learningRate,
        weightDecay: now.weightDecay,
        momentum: now.momentum,
        imagesPerSecond: rate,
      });
      const left = ((config.steps - done) * config.batch) / rate;
      log.progress(
        `step ${done}/${config.steps}  loss ${loss.toFixed(4)}  ${rate.toFixed(0)} images/s  ${duration(left)} left`,
      );
      interval = { loss: 0, steps: 0, seconds: 0 };
    }
    if (done % config.health.every === 0 || done === config.steps) await measure(done);
    if (done % config.checkpoint.every === 0 || done === config.steps)
      saveCheckpoint(out, done, await trainer.state(), parts, config.checkpoint.keep);
  }
  if (latest === undefined) await measure(config.steps);
  saveModel(out, await trainer.state(), parts, frozenEncoder);
  const skipped = badSamples.describe();
  if (skipped !== undefined) log.note(skipped);
  const seen = (config.steps - start) * config.batch;
  return {
    run: out,
    steps: config.steps,
    images: seen,
    seconds: clock.total,
    imagesPerSecond: seen / clock.total,
    loss,
    inputShare: clock.input / clock.total,
    before,
    after: latest as Health,
  };
}
