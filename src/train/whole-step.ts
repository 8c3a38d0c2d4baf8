import { type Executable, type Feeds, take, type Value } from '../engine/index.js';
import type { State } from '../run/state.js';
import type { StepFeeds } from './update.js';

/** A step as one program, which updates the state in the engine. */
export class WholeStep {
  /** @param current the state; the program updates it */
  constructor(
    private readonly program: Executable,
    readonly current: State<Value>,
  ) {}

  /** Runs the step. @param feeds of its program @returns its loss, and its gradient's norm before clipping */
  async run(feeds: StepFeeds): Promise<{ loss: Value; gradientNorm: number }> {
    const { loss, gradientNorm } = (await this.program.run(feeds as Feeds<unknown>)) as {
      loss: Value;
      gradientNorm: Value;
    };
    return { loss, gradientNorm: Number((await take(gradientNorm))[0]) };
  }
}
