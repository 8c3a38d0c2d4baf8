import { namesOf } from '../data/known-images.js';
import { UserError } from '../errors.js';
import { onAny } from '../ranks/exchange.js';
import type { Config } from '../run/config.js';
import { planCourse } from './course.js';
import { checkSameEverywhere, shortDigest } from './same-everywhere.js';
import type { Machine, Surroundings } from './surroundings.js';
import { type PretrainResult, Training } from './training.js';

export type { PretrainResult } from './training.js';

/** The pretraining of a run, wherever it is computed and kept. */
export class Pretraining {
  constructor(
    private readonly config: Config,
    private readonly machine: Machine,
    private readonly surroundings: Surroundings,
  ) {}

  /**
   * Trains from the newest checkpoint in the store, or from the start, to the last step.
   * @param resume say from where
   * @throws UserError for what {@link planCourse} refuses, images that are not the same on all ranks, numbers that are not finite, too many images that cannot be
   *   read, or held-out ones that have changed; the reason of the signal, once the step is done and written
   */
  async run(resume: boolean): Promise<PretrainResult> {
    const { config, machine, surroundings } = this;
    const { ranks } = machine;
    const { images, log } = surroundings;
    if (ranks.size > 1) await checkSameEverywhere(ranks, { images: await shortDigest(namesOf(images)) });
    const course = await planCourse(config, { ...surroundings, ...machine, note: log.note });
    const training = await Training.open(config, course, machine, surroundings, resume);
    const { steps, checkpoint } = config;
    const { done: start } = training;
    const isDue = (every: number): boolean => training.done > 0 && training.done % every === 0;
    while (training.done < steps) {
      if (isDue(checkpoint.every)) await training.save();
      if (course.health && isDue(course.health.every)) await this.#untilAsked(training.measure());
      await this.#untilAsked(training.show());
      await this.#stopIfAsked(training, start);
      await training.update();
    }
    await training.save();
    await this.#untilAsked(training.measure());
    await this.#untilAsked(training.show());
    await this.#stopIfAsked(training, start);
    return training.finish();
  }

  /** Looks at the model, as far as it comes until the run is asked to stop. */
  async #untilAsked(look: Promise<void>): Promise<void> {
    const { signal } = this.surroundings;
    try {
      await look;
    } catch (error) {
      if (!signal?.aborted || error !== signal.reason) throw error;
    }
  }

  /** Stops after the same step on all ranks where one was asked to; what was done since the last checkpoint is kept. */
  async #stopIfAsked(training: Training, start: number): Promise<void> {
    const { signal } = this.surroundings;
    if (!(await onAny(this.machine.ranks, signal?.aborted === true))) return;
    if (training.done > start) await training.save();
    signal?.throwIfAborted();
    throw new UserError('another rank was asked to stop; --resume goes on');
  }
}
