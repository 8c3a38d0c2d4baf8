import type { Config } from '../run/config.js';
import { planCourse } from './course.js';
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
   * @throws UserError for what {@link planCourse} refuses, numbers that are not finite, too many images that cannot be
   *   read, or held-out ones that have changed; the reason of the signal, once the step is done and written
   */
  async run(resume: boolean): Promise<PretrainResult> {
    const { config, machine, surroundings } = this;
    const { store, signal, log } = surroundings;
    const course = await planCourse(config, { ...surroundings, ...machine, note: log.note });
    await store.begin(config);
    const training = await Training.open(config, course, machine, surroundings, resume);
    const { steps, checkpoint } = config;
    const { done: start } = training;
    const isDue = (every: number): boolean => training.done > 0 && training.done % every === 0;
    try {
      while (training.done < steps) {
        if (isDue(checkpoint.every)) await training.save();
        if (course.health && isDue(course.health.every)) await training.measure();
        signal?.throwIfAborted();
        await training.update();
      }
      await training.save();
      await training.measure();
    } catch (error) {
      // A run that was asked to stop keeps what it has done since the last checkpoint.
      if (signal?.aborted && error === signal.reason && training.done > start) await training.save();
      throw error;
    }
    return training.finish();
  }
}
