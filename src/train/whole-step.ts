import { type Executable, type Feeds, type SwappedState, take, type Value } from '../engine/index.js';
import type { State } from '../run/state.js';
import type { StepFeeds } from './update.js';

/**
 * A step as one program. The state stays in the engine, in two sets of buffers that swap: a step reads one and writes
 * the other, as an output must not share memory with an input.
 */
export class WholeStep {
  constructor(
    private readonly program: Executable,
    private readonly state: SwappedState<State<Value>>,
  ) {}

  /** What the next step reads. */
  get current(): State<Value> {
    return this.state.current;
  }

  /** Runs the step. @param feeds of its program @returns its loss, and its gradient's norm before clipping */
  async run(feeds: StepFeeds): Promise<{ loss: Value; gradientNorm: number }> {
    const results = (await this.program.run(feeds as Feeds<unknown>, this.state.into('state'))) as {
      loss: Value;
      gradientNorm: Value;
    };
    this.state.swap();
    return { loss: results.loss, gradientNorm: Number((await take(results.gradientNorm))[0]) };
  }
}
