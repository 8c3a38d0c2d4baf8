import { UserError } from '../errors.js';
import { Epochs } from '../train/epochs.js';
import type { Log } from '../train/pretrain.js';
import { rates } from '../train/schedule.js';
import { duration } from '../words.js';
import type { Inputs } from './inputs.js';
import type { AdaptationResult } from './result.js';
import { describeHeadline, type Headline } from './score.js';
import type { AdaptationSettings } from './settings.js';
import type { Targets } from './task.js';
import type { Tuner } from './tuner.js';

/** What is measured on the way, and the number of it that tells most. */
export interface Measured {
  readonly headline: Headline;
}

/** What the loop goes over. */
export interface Tuning<M extends Measured> {
  readonly tuner: Tuner;
  readonly inputs: Inputs;
  /** What is to be learned of each input. */
  readonly targets: Targets;
  readonly settings: AdaptationSettings;
  /** Of the step program; at most as many as there are inputs. */
  readonly batch: number;
  readonly steps: number;
  /** Held-out images as the weights are now. */
  readonly measure: () => Promise<M>;
  /** Folder of the model, for messages. */
  readonly out: string;
  readonly log: Log;
}

/** What came of it. */
export interface Tuned<M> {
  /** As measured at the end. */
  readonly measured: M;
  /** Of the steps and their inputs; measuring is not counted. */
  readonly seconds: number;
  /** As the result's, but seconds of the steps alone. */
  readonly history: AdaptationResult['history'];
}

/** Steps in which all epochs pass: batches go on over the end of an epoch, so that none is cut short. */
export function stepsOf(epochs: number, images: number, batch: number): number {
  return Math.max(1, Math.round((epochs * images) / batch));
}

/** Trains, and measures on the way. @throws UserError where the loss is not finite */
export async function tune<M extends Measured>(tuning: Tuning<M>): Promise<Tuned<M>> {
  const { tuner, inputs, targets, settings, batch, steps, measure, out, log } = tuning;
  const { optimiser, epochs } = settings;
  const { weightDecay } = optimiser;
  const schedule = {
    steps,
    optimiser: { ...optimiser, weightDecay: [weightDecay, weightDecay] as [number, number] },
    ema: [1, 1] as [number, number],
  };
  const order = new Epochs(inputs.length, settings.seed);
  const history: AdaptationResult['history'][number][] = [];
  let latest: M | undefined;
  let seconds = 0;
  let losses: number[] = [];
  const epochAt = (step: number): number => Math.floor((step * batch) / inputs.length + 1e-9);
  for (let step = 0; step < steps; step++) {
    const began = performance.now();
    const chosen = order.from(step * batch, batch);
    const { momentum: _, ...now } = rates(schedule, step);
    const { loss, gradientNorm } = await tuner.update(await inputs.batch(chosen), targets(chosen), now);
    seconds += (performance.now() - began) / 1000;
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
      throw new UserError(
        `${out}: the loss is not finite at step ${step + 1}; try a lower optimiser.learningRate`,
      );
    losses.push(loss);
    const mean = losses.reduce((a, b) => a + b, 0) / losses.length;
    const done = step + 1;
    const left = duration((seconds / done) * (steps - done));
    const score = latest === undefined ? '' : `  ${describeHeadline(latest.headline)}`;
    log.progress(
      `epoch ${((done * batch) / inputs.length).toFixed(1)}/${epochs}  loss ${mean.toFixed(4)}  ${((done * batch) / seconds).toFixed(0)} images/s  ${left} left${score}`,
    );
    const isDue = epochAt(done) > epochAt(step) && epochAt(done) % settings.measure.every === 0;
    if (!isDue && done < steps) continue;
    latest = await measure();
    history.push({
      epoch: done === steps ? epochs : epochAt(done),
      seconds,
      loss: mean,
      ...latest.headline,
    });
    losses = [];
  }
  return { measured: latest ?? (await measure()), seconds, history };
}
