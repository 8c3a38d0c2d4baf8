import {
  copyOut,
  type Engine,
  type Executable,
  type Feeds,
  SwappedState,
  take,
  type Value,
} from '../engine/index.js';
import { emptyFlat, type Flat, initialise, mapGroups } from '../nn/index.js';
import { mapTree, type Spec } from '../tensor/index.js';
import type { Batch } from './batches.js';
import type { ModelWeights } from './checkpoint.js';
import {
  type Layouts,
  layouts,
  type Rates,
  type State,
  type StepConfig,
  type StepInputs,
  stateSpecs,
  traceAccumulation,
  type traceStep,
} from './step.js';

const isSpec = (value: unknown): value is Spec => Array.isArray((value as Spec | undefined)?.shape);

/** A fresh model's state: random weights, the target encoder a copy of the encoder, no moments. */
export function initialState(
  config: StepConfig,
  seed: number,
): { state: State<Float32Array>; frozenEncoder?: Flat<Float32Array> } {
  const parts = layouts(config.model);
  const encoder = initialise(parts.encoder, seed, 0);
  const predictor = initialise(parts.predictor, seed, 1);
  const zeros = { encoder: emptyFlat(parts.encoder), predictor: emptyFlat(parts.predictor) };
  if (config.frozen)
    return {
      state: {
        weights: { predictor },
        mean: { predictor: zeros.predictor },
        variance: { predictor: emptyFlat(parts.predictor) },
      },
      frozenEncoder: encoder,
    };
  return {
    state: {
      weights: { encoder, predictor },
      mean: zeros,
      variance: { encoder: emptyFlat(parts.encoder), predictor: emptyFlat(parts.predictor) },
      target: mapGroups(encoder, (numbers) => numbers.slice()),
    },
  };
}

/**
 * Runs training steps. The state stays in the engine, in two sets of buffers that swap: a step reads one and
 * writes the other, as an output must not share memory with an input.
 */
export class Trainer {
  readonly #state: SwappedState<State<Value>>;
  readonly layouts: Layouts;

  private constructor(
    private readonly step: Executable,
    private readonly accumulation: Executable | undefined,
    engine: Engine,
    private readonly config: StepConfig,
    state: State<Float32Array>,
    private readonly frozenEncoder: Flat<Float32Array> | undefined,
  ) {
    this.layouts = layouts(config.model);
    this.#state = new SwappedState(engine, stateSpecs(config), state);
  }

  /** Compiles a step's `program`, traced from `config`, and moves the state into the engine. */
  static async create(
    engine: Engine,
    program: ReturnType<typeof traceStep>,
    config: StepConfig,
    state: State<Float32Array>,
    frozenEncoder?: Flat<Float32Array>,
  ): Promise<Trainer> {
    const step = await engine.compile(program);
    const accumulation = config.accumulate > 1 ? await engine.compile(traceAccumulation(config)) : undefined;
    return new Trainer(
      step as Executable,
      accumulation as Executable | undefined,
      engine,
      config,
      state,
      frozenEncoder,
    );
  }

  /** One update from `accumulate` batches. @returns the mean loss and the gradient's norm before clipping */
  async update(
    batches: readonly Batch[],
    rates: Rates<number>,
  ): Promise<{ loss: number; gradientNorm: number }> {
    const scalars = mapTree(
      rates,
      (value): value is number => typeof value === 'number',
      (value) => [value],
    );
    const feeds = (batch: Batch, gradients: unknown): Feeds<StepInputs<Spec>> =>
      ({
        ...batch,
        rates: scalars,
        state: this.#state.current,
        ...(this.config.accumulate > 1 ? { gradients } : {}),
        ...(this.frozenEncoder === undefined ? {} : { frozenEncoder: this.frozenEncoder }),
      }) as unknown as Feeds<StepInputs<Spec>>;
    let loss = 0;
    let gradients: unknown =
      this.config.accumulate > 1
        ? mapTree(
            stateSpecs(this.config).weights,
            isSpec,
            ({ shape }) => new Float32Array(shape.reduce<number>((a, b) => a * (b as number), 1)),
          )
        : undefined;
    for (const batch of batches.slice(0, -1)) {
      const results = (await (this.accumulation as Executable).run(
        feeds(batch, gradients) as Feeds<unknown>,
      )) as { loss: Value; gradients: unknown };
      loss += Number((await take(results.loss))[0]);
      gradients = results.gradients;
    }
    const results = (await this.step.run(
      feeds(batches.at(-1) as Batch, gradients) as Feeds<unknown>,
      this.#state.into('state'),
    )) as { loss: Value; gradientNorm: Value };
    loss += Number((await take(results.loss))[0]);
    const gradientNorm = Number((await take(results.gradientNorm))[0]);
    this.#state.swap();
    return { loss: loss / batches.length, gradientNorm };
  }

  /** The state as it is now; copies. */
  async state(): Promise<State<Float32Array>> {
    return (await copyOut(this.#state.current)) as State<Float32Array>;
  }

  /** The weights as they are now, for evaluation; copies. */
  async weights(): Promise<ModelWeights> {
    const { current } = this.#state;
    const { weights, target } = (await copyOut({
      weights: current.weights,
      ...(current.target === undefined ? {} : { target: current.target }),
    })) as Pick<State<Float32Array>, 'weights' | 'target'>;
    const encoder = (weights.encoder ?? this.frozenEncoder) as Flat<Float32Array>;
    return { encoder, predictor: weights.predictor, target: target ?? encoder };
  }
}
