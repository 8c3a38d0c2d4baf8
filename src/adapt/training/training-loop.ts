import { UserError } from '../../errors.js';
import type { Log } from '../../log.js';
import { rates } from '../../train/schedule.js';
import { duration } from '../../words.js';
import type { AdaptationSettings } from '../settings.js';
import type { Batches } from './batches.js';
import type { Trainer } from './trainer.js';

/** What the loop goes over. */
export interface LoopOptions<M> {
  readonly settings: Pick<AdaptationSettings, 'epochs' | 'optimiser' | 'measure'>;
  readonly steps: number;
  /** What held-out images say of the weights as they are now. */
  readonly measure: () => Promise<M>;
  /** That in a few words. */
  readonly describe: (measured: M) => string;
  /** Folder of the model, for messages. */
  readonly out: string;
  readonly log: Log;
}

/** How far training was when it measured. */
export interface Milestone<M> {
  readonly epoch: number;
  /** As of {@link Trained}. */
  readonly seconds: number;
  /** By lesson, the mean since the milestone before. */
  readonly losses: Readonly<Record<string, number>>;
  readonly measured: M;
}

/** What came of it. */
export interface Trained<M> {
  /** Of the steps and their inputs; measuring is not counted. */
  readonly seconds: number;
  readonly history: readonly Milestone<M>[];
  /** At the end. */
  readonly measured: M;
}

/** Trains, and measures on the way and at the end. @throws UserError where the loss is not finite */
export async function trainingLoop<M>(
  trainer: Trainer,
  batches: Batches,
  { settings, steps, measure, describe, out, log }: LoopOptions<M>,
): Promise<Trained<M>> {
  const { epochs } = settings;
  const schedule = scheduleOf(settings, steps);
  const epochAt = (step: number): number => Math.floor(batches.epochsAfter(step) + 1e-9);
  const history: Milestone<M>[] = [];
  let seconds = 0;
  let since: Readonly<Record<string, number>>[] = [];
  for (let done = 1; ; done++) {
    const began = performance.now();
    const { momentum: _, ...now } = rates(schedule, done - 1);
    const { losses, gradientNorm } = await trainer.update(await batches.get(done - 1), now);
    seconds += (performance.now() - began) / 1000;
    if (![...Object.values(losses), gradientNorm].every(Number.isFinite))
      throw new UserError(
        `${out}: the loss is not finite at step ${done}; try a lower optimiser.learningRate`,
      );
    since.push(losses);
    const latest = history.at(-1);
    log.progress(
      [
        `epoch ${Math.min(epochs, batches.epochsAfter(done)).toFixed(1)}/${epochs}`,
        `loss ${Object.values(meansOf(since))
          .map((mean) => mean.toFixed(4))
          .join(', ')}`,
        `${((done * batches.size) / seconds).toFixed(0)} images/s`,
        `${duration((seconds / done) * (steps - done))} left`,
        ...(latest === undefined ? [] : [describe(latest.measured)]),
      ].join('  '),
    );
    const isDue = epochAt(done) > epochAt(done - 1) && epochAt(done) % settings.measure.every === 0;
    if (!isDue && done < steps) continue;
    const measured = await measure();
    history.push({
      epoch: done === steps ? epochs : epochAt(done),
      seconds,
      losses: meansOf(since),
      measured,
    });
    if (done === steps) return { seconds, history, measured };
    since = [];
  }
}

/** A schedule as pretraining's, of one weight decay and without a moving average. */
function scheduleOf({ optimiser }: Pick<AdaptationSettings, 'optimiser'>, steps: number) {
  const constant = (value: number): [number, number] => [value, value];
  const weightDecay = constant(optimiser.weightDecay);
  return { steps, optimiser: { ...optimiser, weightDecay }, ema: constant(1) };
}

/** The mean of each of several steps' losses. */
function meansOf(steps: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = Object.keys(steps[0] ?? {});
  const mean = (name: string): number =>
    steps.reduce((sum, losses) => sum + (losses[name] as number), 0) / steps.length;
  return Object.fromEntries(names.map((name) => [name, mean(name)]));
}
