import { UserError } from '../../errors.js';
import type { Log } from '../../log.js';
import { Epochs } from '../../train/epochs.js';
import { rates } from '../../train/schedule.js';
import { duration } from '../../words.js';
import type { Inputs } from '../inputs/inputs.js';
import type { AdaptationSettings } from '../settings.js';
import type { Targets } from '../tasks/task.js';
import type { Trainer } from './trainer.js';

/** What is taught in one of the step's lessons. */
export interface Course {
  readonly inputs: Inputs;
  /** What is to be learned of each input. */
  readonly targets: Targets;
  /** Of each step. */
  readonly images: number;
  /** Of an epoch; there may be more inputs, which then last for several. */
  readonly epoch: number;
}

/** What the loop goes over. */
export interface Tuning<M> {
  readonly tuner: Trainer;
  /** By lesson of the step program. */
  readonly courses: Readonly<Record<string, Course>>;
  readonly settings: AdaptationSettings;
  readonly steps: number;
  /** Which latents the predictor sees in a step, where it does not see all. */
  readonly visible?: ((step: number) => Int32Array) | undefined;
  /** What held-out images say of the weights as they are now. */
  readonly measure: () => Promise<M>;
  /** That in a few words. */
  readonly describe: (measured: M) => string;
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
  readonly history: readonly Milestone<M>[];
}

/** How far tuning was when it measured. */
export interface Milestone<M> {
  readonly epoch: number;
  /** As of {@link Tuned}. */
  readonly seconds: number;
  /** By lesson, the mean since the milestone before. */
  readonly losses: Readonly<Record<string, number>>;
  readonly measured: M;
}

/** Trains, and measures on the way. @throws UserError where the loss is not finite */
export async function tune<M>(tuning: Tuning<M>): Promise<Tuned<M>> {
  const { tuner, settings, steps, visible, measure, describe, out, log } = tuning;
  const { optimiser, epochs } = settings;
  const { weightDecay } = optimiser;
  const schedule = {
    steps,
    optimiser: { ...optimiser, weightDecay: [weightDecay, weightDecay] as [number, number] },
    ema: [1, 1] as [number, number],
  };
  const courses = Object.entries(tuning.courses).map(([name, course], i) => ({
    name,
    ...course,
    order: new Epochs(course.inputs.length, settings.seed, i),
  }));
  const batch = courses.reduce((sum, { images }) => sum + images, 0);
  const total = courses.reduce((sum, { epoch }) => sum + epoch, 0);
  const history: Milestone<M>[] = [];
  let latest: M | undefined;
  let seconds = 0;
  let since: Readonly<Record<string, number>>[] = [];
  const epochAt = (step: number): number => Math.floor((step * batch) / total + 1e-9);
  for (let step = 0; step < steps; step++) {
    const began = performance.now();
    const input: Record<string, Awaited<ReturnType<Inputs['batch']>>> = {};
    const targets: Record<string, Int32Array> = {};
    for (const course of courses) {
      const chosen = course.order.from(step * course.images, course.images);
      input[course.name] = await course.inputs.batch(chosen);
      targets[course.name] = course.targets(chosen);
    }
    const { momentum: _, ...now } = rates(schedule, step);
    const { losses, gradientNorm } = await tuner.update(input, targets, now, visible?.(step));
    seconds += (performance.now() - began) / 1000;
    if (![...Object.values(losses), gradientNorm].every(Number.isFinite))
      throw new UserError(
        `${out}: the loss is not finite at step ${step + 1}; try a lower optimiser.learningRate`,
      );
    since.push(losses);
    const means = meansOf(since);
    const done = step + 1;
    const left = duration((seconds / done) * (steps - done));
    const loss = Object.values(means)
      .map((mean) => mean.toFixed(4))
      .join(', ');
    log.progress(
      `epoch ${((done * batch) / total).toFixed(1)}/${epochs}  loss ${loss}  ${((done * batch) / seconds).toFixed(0)} images/s  ${left} left${latest === undefined ? '' : `  ${describe(latest)}`}`,
    );
    const isDue = epochAt(done) > epochAt(step) && epochAt(done) % settings.measure.every === 0;
    if (!isDue && done < steps) continue;
    latest = await measure();
    history.push({
      epoch: done === steps ? epochs : epochAt(done),
      seconds,
      losses: means,
      measured: latest,
    });
    since = [];
  }
  return { measured: latest ?? (await measure()), seconds, history };
}

/** The mean of each of several steps' losses. */
function meansOf(steps: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = Object.keys(steps[0] ?? {});
  const mean = (name: string): number =>
    steps.reduce((sum, losses) => sum + (losses[name] as number), 0) / steps.length;
  return Object.fromEntries(names.map((name) => [name, mean(name)]));
}
