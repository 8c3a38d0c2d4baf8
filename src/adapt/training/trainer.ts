import {
  copyOut,
  type Engine,
  type Executable,
  type Feeds,
  place,
  take,
  type Value,
} from '../../engine/index.js';
import { emptyFlat, type Flat, flatSpecs, type Layout, mapGroups } from '../../nn/index.js';
import type { Program } from '../../tensor/index.js';
import { networkLayouts, type Part, type Parts, partsFrom } from '../network/network.js';
import type { Batch } from './batches.js';
import { type State, type StepConfig, type StepRates, stateSpecs, trainedParts } from './step.js';

/** Runs steps; what is trained and what is frozen stays in the engine. */
export class Trainer {
  readonly #state: State<Value>;
  readonly #frozen: Parts<Flat<Value>>;

  private constructor(
    private readonly step: Executable,
    engine: Engine,
    config: StepConfig,
    weights: Parts<Flat<Float32Array>>,
  ) {
    const where = networkLayouts(config.network);
    const of = <T>(parts: readonly Part[], make: (part: Part) => T): Parts<T> =>
      Object.fromEntries(parts.map((part) => [part, make(part)]));
    const zeros = (): Parts<Flat<Float32Array>> =>
      of(trainedParts(config), (part) => emptyFlat(where[part] as Layout<unknown>));
    const own = of(trainedParts(config), (part) =>
      mapGroups(weights[part] as Flat<Float32Array>, (numbers) => numbers.slice()),
    );
    this.#state = place(engine, stateSpecs(config), {
      weights: own,
      mean: zeros(),
      variance: zeros(),
    }) as State<Value>;
    const frozen = partsFrom(config.network, config.input).filter(
      (part) => config.trained[part] === undefined,
    );
    this.#frozen = place(
      engine,
      of(frozen, (part) => flatSpecs(where[part] as Layout<unknown>)),
      of(frozen, (part) => weights[part] as Flat<Float32Array>),
    ) as Parts<Flat<Value>>;
  }

  /**
   * Compiles a step's program, traced from `config`.
   * @param weights of every part of the network
   */
  static async create(
    engine: Engine,
    program: Program,
    config: StepConfig,
    weights: Parts<Flat<Float32Array>>,
  ): Promise<Trainer> {
    return new Trainer(
      (await engine.compile(program, { updates: 'state' })) as Executable,
      engine,
      config,
      weights,
    );
  }

  /**
   * One update.
   * @returns the mean loss of each lesson's batch, and the gradient's norm before clipping
   */
  async update(
    batch: Batch,
    rates: StepRates<number>,
  ): Promise<{ losses: Readonly<Record<string, number>>; gradientNorm: number }> {
    const feeds = {
      ...batch,
      rates: Object.fromEntries(Object.entries(rates).map(([name, value]) => [name, [value]])),
      state: this.#state,
      frozen: this.#frozen,
    };
    const results = (await this.step.run(feeds as unknown as Feeds<unknown>)) as {
      losses: Readonly<Record<string, Value>>;
      gradientNorm: Value;
    };
    const number = async (value: Value): Promise<number> => Number((await take(value))[0]);
    const losses: Record<string, number> = {};
    for (const [name, loss] of Object.entries(results.losses)) losses[name] = await number(loss);
    return { losses, gradientNorm: await number(results.gradientNorm) };
  }

  /** The trained parts' weights as they are now; copies. */
  async weights(): Promise<Parts<Flat<Float32Array>>> {
    return (await copyOut(this.#state.weights)) as Parts<Flat<Float32Array>>;
  }
}
