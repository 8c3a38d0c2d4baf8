import {
  copyOut,
  type Engine,
  type Executable,
  type Feeds,
  place,
  release,
  take,
  type Value,
} from '../engine/index.js';
import {
  emptyFlat,
  type Flat,
  flatSpecs,
  frozenPart,
  initialise,
  mapGroups,
  pick,
  trainedPart,
} from '../nn/index.js';
import { alone, type Ranks } from '../ranks/ranks.js';
import type { Config } from '../run/config.js';
import type { State, Trainable } from '../run/state.js';
import { mapTree } from '../tensor/index.js';
import type { ModelWeights } from '../world-model/index.js';
import { type Layouts, layouts } from '../world-model/index.js';
import type { Batch } from './batches.js';
import { PartedStep } from './parted-step.js';
import { type StepConfig, stateSpecs, traceGradients, type traceStep } from './step.js';
import type { Rates, StepFeeds } from './update.js';
import { WholeStep } from './whole-step.js';

/** Where training begins. */
export interface Start {
  readonly state: State<Float32Array>;
  /** Weights of the encoder that are not trained. */
  readonly frozen: Flat<Float32Array>;
}

/** A fresh model's weights: random, but for an encoder that is given. The target encoder is the encoder. */
export function initialWeights(
  { model }: StepConfig,
  seed: number,
  given?: Flat<Float32Array>,
): ModelWeights {
  const parts = layouts(model);
  const encoder = given ?? initialise(parts.encoder, seed, 0);
  return { encoder, predictor: initialise(parts.predictor, seed, 1), target: encoder };
}

/** A fresh model's start. */
export const initialState = (config: StepConfig, seed: number): Start =>
  startFrom(config, initialWeights(config, seed));

/** A start with the weights given, which are taken over, and no moments. */
export function startFrom(config: StepConfig, { encoder, predictor, target }: ModelWeights): Start {
  const parts = layouts(config.model);
  const trained = trainedPart(parts.encoder);
  const zeros = () => ({ encoder: emptyFlat(trained), predictor: emptyFlat(parts.predictor) });
  return {
    state: {
      weights: { encoder: pick(encoder, trained), predictor },
      mean: zeros(),
      variance: zeros(),
      target: mapGroups(pick(target, trained), (numbers) => numbers.slice()),
    },
    frozen: pick(encoder, frozenPart(parts.encoder)),
  };
}

/** The weights of a model, whole. */
export function weightsOf({
  state: { weights, target },
  frozen,
}: {
  readonly state: Pick<State<Float32Array>, 'weights' | 'target'>;
  readonly frozen: Flat<Float32Array>;
}): ModelWeights {
  return {
    encoder: { ...frozen, ...weights.encoder },
    predictor: weights.predictor,
    target: { ...frozen, ...target },
  };
}

/** How steps are run. */
export interface TrainerOptions {
  /** Whether to update a group of parameters at a time: slower, with much less memory. */
  readonly parted: boolean;
  readonly sharding?: Config['sharding'];
  /** Processes that train together, each its part; this one alone by default. */
  readonly ranks?: Ranks;
}

/** Inputs of a step that have a part for each image. */
const PER_IMAGE = ['images', 'views'];

/** Runs training steps. The state stays in the engine. */
export class Trainer {
  private constructor(
    readonly layouts: Layouts,
    private readonly config: StepConfig,
    private readonly step: WholeStep | PartedStep,
    /** Adds to the gradients of earlier runs; there where a step needs it. */
    private readonly gradients: Executable | undefined,
    /** Weights of the encoder that are not trained, here and in the engine. */
    private readonly frozen: { readonly numbers: Flat<Float32Array>; readonly values: Flat<Value> },
    private readonly ranks: Ranks,
  ) {}

  /**
   * Compiles a step's `program`, traced from `config`.
   * @param start where it begins; taken over
   */
  static async create(
    engine: Engine,
    program: ReturnType<typeof traceStep>,
    config: StepConfig,
    { state, frozen }: Start,
    { parted, sharding = 'none', ranks = alone }: TrainerOptions,
  ): Promise<Trainer> {
    const specs = stateSpecs(config);
    const shared = sharding === 'state' ? [...PER_IMAGE, 'state'] : PER_IMAGE;
    const gradients =
      parted || config.accumulate > 1
        ? ((await engine.compile(traceGradients(config), { shared })) as Executable)
        : undefined;
    const step = parted
      ? new PartedStep(engine, gradients as Executable, config, specs, state, ranks)
      : new WholeStep(
          (await engine.compile(program, { updates: 'state', shared })) as Executable,
          place(engine, specs, state) as State<Value>,
        );
    const parts = layouts(config.model);
    const values = place(engine, flatSpecs(frozenPart(parts.encoder)), frozen) as Flat<Value>;
    return new Trainer(parts, config, step, gradients, { numbers: frozen, values }, ranks);
  }

  /** One update from the runs of this rank. @returns the mean loss and the gradient's norm before clipping */
  async update(
    batches: readonly Batch[],
    rates: Rates<number>,
  ): Promise<{ loss: number; gradientNorm: number }> {
    const scalars = mapTree(
      rates,
      (value): value is number => typeof value === 'number',
      (value) => [value],
    );
    const feeds = (batch: Batch, gradients: unknown): StepFeeds => ({
      ...batch,
      rates: scalars,
      state: this.step.current,
      ...(this.config.accumulate > 1 ? { gradients } : {}),
      frozen: this.frozen.values,
    });
    let loss = 0;
    let gradients: unknown = this.config.accumulate > 1 ? this.#zeros() : undefined;
    for (const batch of batches.slice(0, -1)) {
      const results = (await (this.gradients as Executable).run(
        feeds(batch, gradients) as Feeds<unknown>,
      )) as {
        loss: Value;
        gradients: unknown;
      };
      loss += Number((await take(results.loss))[0]);
      release(gradients ?? {});
      gradients = results.gradients;
    }
    const last = await this.step.run(feeds(batches.at(-1) as Batch, gradients));
    release(gradients ?? {});
    loss += Number((await take(last.loss))[0]);
    const all = new Float32Array([loss / this.config.accumulate]);
    await this.ranks.sum(all);
    return { loss: all[0] as number, gradientNorm: last.gradientNorm };
  }

  /** What the first run of several adds its gradients to. */
  #zeros(): Trainable<Float32Array> {
    const { encoder, predictor } = this.layouts;
    return { encoder: emptyFlat(trainedPart(encoder)), predictor: emptyFlat(predictor) };
  }

  /** The state as it is now; copies. */
  async state(): Promise<State<Float32Array>> {
    return (await copyOut(this.step.current)) as State<Float32Array>;
  }

  /** The weights as they are now, for evaluation; copies. */
  async weights(): Promise<ModelWeights> {
    const { weights, target } = this.step.current;
    const state = (await copyOut({ weights, target })) as Pick<State<Float32Array>, 'weights' | 'target'>;
    return weightsOf({ state, frozen: this.frozen.numbers });
  }
}
