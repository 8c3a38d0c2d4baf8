import { type Engine, type Executable, type Feeds, place, take, type Value } from '../engine/index.js';
import type { Flat } from '../nn/index.js';
import type { Ranks } from '../ranks/ranks.js';
import type { State, Trainable } from '../run/state.js';
import type { Program, Spec } from '../tensor/index.js';
import { GradientSums } from './gradient-sums.js';
import type { StepConfig } from './step.js';
import {
  type GroupState,
  groupsOf,
  kindOf,
  listGroups,
  mapTrainable,
  type StepFeeds,
  stateOf,
  traceGroupUpdate,
  traceSquares,
} from './update.js';

/**
 * A step of a large model: one program gives the gradients, small ones update a group of parameters at a time. As the
 * result of one whole program the state would be there twice, and a third time where the runtime hands it over.
 */
export class PartedStep {
  #groups: Trainable<GroupState<Value>>;
  readonly #sums: GradientSums;
  readonly #programs = new Map<string, Promise<Executable>>();

  /**
   * @param gradients the program that gives them
   * @param specs of the state
   * @param start first numbers; taken over
   * @param ranks whose gradients are summed
   */
  constructor(
    private readonly engine: Engine,
    private readonly gradients: Executable,
    private readonly config: Pick<StepConfig, 'betas' | 'clip' | 'accumulate'>,
    specs: State<Spec>,
    start: State<Float32Array>,
    ranks: Ranks,
  ) {
    this.#sums = new GradientSums(engine, ranks);
    this.#groups = groupsOf(place(engine, specs, start) as State<Value>);
  }

  /** What the next step reads. */
  get current(): State<Value> {
    return stateOf(this.#groups);
  }

  /** Runs the step. @param feeds of the gradients' program @returns its loss, and its gradient's norm before clipping */
  async run(feeds: StepFeeds): Promise<{ loss: Value; gradientNorm: number }> {
    const results = (await this.gradients.run(feeds as Feeds<unknown>)) as {
      loss: Value;
      gradients: Trainable<Value>;
    };
    const gradients = await this.#sums.of(results.gradients);
    return { loss: results.loss, gradientNorm: await this.#update(gradients, feeds.rates) };
  }

  /** @returns the norm of the gradients' mean over a step's runs, of which they are the sum; they are disposed of */
  async #update(gradients: Trainable<Value>, rates: StepFeeds['rates']): Promise<number> {
    const { betas, clip, accumulate } = this.config;
    let squares = 0;
    for (const { value } of listGroups(gradients)) squares += await this.#squares(value);
    const norm = Math.sqrt(squares) / accumulate;
    // As gradientScale has it.
    const scale = [Math.min(1, clip / (norm + 1e-6)) / accumulate];
    const updated = new Map<GroupState<Value>, GroupState<Value>>();
    for (const { part, group, value: state } of listGroups(this.#groups)) {
      const gradient = (gradients[part] as Flat<Value>)[group] as Value;
      const kind = kindOf(state, group);
      const program = await this.#compiled(JSON.stringify(kind), () => traceGroupUpdate(kind, betas));
      const next = await program.run({ state, gradient, scale, rates } as never);
      updated.set(state, next as GroupState<Value>);
      for (const value of [gradient, ...Object.values<Value>({ ...state })]) value.dispose();
    }
    this.#groups = mapTrainable(this.#groups, (state) => updated.get(state) as GroupState<Value>);
    return norm;
  }

  async #squares(x: Value): Promise<number> {
    const rank = x.shape.length;
    const program = await this.#compiled(`squares ${rank}`, () => traceSquares(rank));
    const { squares } = (await program.run({ x } as never)) as { squares: Value };
    return Number((await take(squares))[0]);
  }

  #compiled(name: string, make: () => unknown): Promise<Executable> {
    const known = this.#programs.get(name) ?? this.engine.compile(make() as Program);
    this.#programs.set(name, known);
    return known;
  }
}
