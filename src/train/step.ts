import {
  decays,
  type Flat,
  flatGradients,
  flatSpecs,
  frozenPart,
  globalNorm,
  trainedPart,
  unpack,
} from '../nn/index.js';
import { alone, type Ranks } from '../ranks/ranks.js';
import { type Config, modelConfig, viewsConfig } from '../run/config.js';
import type { State, Trainable } from '../run/state.js';
import {
  add,
  type Dim,
  mul,
  type Node,
  type Program,
  roundProducts,
  type Spec,
  scope,
  spec,
  type Tensor,
  trace,
} from '../tensor/index.js';
import {
  type Encoder,
  layouts,
  type ModelConfig,
  makeViews,
  type Normalisation,
  objective,
  type Predictor,
  type ViewInputs,
  type ViewsConfig,
  viewSpecs,
} from '../world-model/index.js';
import { ownRuns } from './own-runs.js';
import {
  gradientScale,
  groupsOf,
  listGroups,
  mapTrainable,
  type Rates,
  rateSpecs,
  stateOf,
  updateGroup,
} from './update.js';

/** What one step is built from. */
export interface StepConfig {
  readonly model: ModelConfig;
  readonly views: ViewsConfig;
  readonly normalisation: Normalisation;
  /** Images in one run of the program. */
  readonly batch: number;
  /** They are so much of those in one run of one process, 0 … 1. */
  readonly share: number;
  /** Runs of one process whose gradients are averaged into one update. */
  readonly accumulate: number;
  /** Of what the model's products read and write. */
  readonly precision: Config['precision'];
  readonly betas: readonly [number, number];
  /** Largest global gradient norm. */
  readonly clip: number;
}

/** The step program's settings in a configuration, for one of several ranks. @throws as {@link ownRuns} */
export function stepConfig(config: Config, ranks: Pick<Ranks, 'rank' | 'size'> = alone): StepConfig {
  const { size } = ownRuns(config, ranks);
  return {
    model: modelConfig(config),
    views: viewsConfig(config),
    normalisation: config.normalisation,
    batch: size,
    share: size / (config.batch / config.accumulate),
    accumulate: config.accumulate,
    precision: config.precision,
    betas: config.optimiser.betas,
    clip: config.optimiser.clip,
  };
}

export interface StepInputs<T> {
  readonly images: T;
  readonly views: ViewInputs<T>;
  readonly rates: Rates<T>;
  readonly state: State<T>;
  /** Sum of the gradients of the earlier runs of this update; absent where accumulate is 1. */
  readonly gradients?: Trainable<T>;
  /** Weights of the encoder that are not trained. */
  readonly frozen: Flat<T>;
}

/** Specs of the state. */
export function stateSpecs({ model }: Pick<StepConfig, 'model'>): State<Spec> {
  const { encoder, predictor } = layouts(model);
  const specs = (): Trainable<Spec> => ({
    encoder: flatSpecs(trainedPart(encoder)),
    predictor: flatSpecs(predictor),
  });
  return { weights: specs(), mean: specs(), variance: specs(), target: specs().encoder };
}

/** Specs of a step's inputs. */
export function stepSpecs(config: StepConfig): StepInputs<Spec> {
  const { image } = config.views;
  const state = stateSpecs(config);
  return {
    images: spec([config.batch, 3, image.height, image.width]),
    views: viewSpecs(config.views, config.batch as Dim),
    rates: rateSpecs,
    state,
    ...(config.accumulate > 1 ? { gradients: state.weights } : {}),
    frozen: flatSpecs(frozenPart(layouts(config.model).encoder)),
  };
}

/** The loss of a batch and its gradients, as its share of a run of one process; summed onto those of earlier runs. */
function lossAndGradients(
  inputs: StepInputs<Tensor>,
  config: StepConfig,
): { loss: Tensor; gradients: Trainable<Tensor> } {
  const parts = layouts(config.model);
  const { weights, target } = inputs.state;
  const whole = (trained: Flat<Tensor>): Encoder<Tensor> =>
    unpack(parts.encoder, { ...inputs.frozen, ...trained }) as Encoder<Tensor>;
  const encoder = whole(weights.encoder);
  const predictor = unpack(parts.predictor, weights.predictor) as Predictor<Tensor>;
  const views = scope('views', () => makeViews(inputs.images, inputs.views, config.normalisation));
  const own = objective(
    { ...inputs.views, source: views.source, target: views.target },
    { encoder, predictor, target: whole(target) },
    config.model,
  );
  const loss = config.share === 1 ? own : mul(own, config.share);

  const gradients: Trainable<Tensor> = flatGradients<'encoder' | 'predictor'>(loss, {
    encoder: { layout: trainedPart(parts.encoder), parameters: encoder },
    predictor: { layout: parts.predictor, parameters: predictor },
  });
  const summed = mapTrainable(gradients, (now, part, group) => {
    const before = inputs.gradients?.[part]?.[group];
    return before === undefined ? now : add(before, now);
  });
  return { loss, gradients: summed };
}

/** Model work, as opposed to making views and updating weights. */
export const isModelWork = (node: Node): boolean =>
  !node.scope.startsWith('views') && !node.scope.startsWith('update');

/** The program in a step's precision: what images become before the model sees them is float32 in any. */
const inPrecision = <I, O>({ precision }: StepConfig, program: Program<I, O>): Program<I, O> =>
  precision === 'bfloat16' ? roundProducts(program, isModelWork) : program;

/** A run that only adds to the gradients. */
export function traceGradients(config: StepConfig) {
  const program = trace('gradients', stepSpecs(config), (inputs) =>
    lossAndGradients(inputs as unknown as StepInputs<Tensor>, config),
  );
  return inPrecision(config, program);
}

/** One whole pretraining step: views → encode → predict → loss → gradients → clip → AdamW → average. */
export function traceStep(
  config: StepConfig,
): Program<StepInputs<Spec>, { loss: Tensor; gradientNorm: Tensor; state: State<Tensor> }> {
  const program = trace('step', stepSpecs(config), (traced) => {
    const inputs = traced as unknown as StepInputs<Tensor>;
    const { loss, gradients } = lossAndGradients(inputs, config);
    return scope('update', () => {
      const sums = listGroups(gradients).map(({ value }) => value);
      const gradientNorm = mul(globalNorm(sums), 1 / config.accumulate);
      const scale = gradientScale(gradientNorm, config);
      const updated = mapTrainable(groupsOf(inputs.state), (state, part, group) => {
        const gradient = (gradients[part] as Flat<Tensor>)[group] as Tensor;
        const how = { betas: config.betas, decaying: decays(group) };
        return updateGroup(state, mul(gradient, scale), inputs.rates, how);
      });
      return { loss, gradientNorm, state: stateOf(updated) };
    });
  });
  return inPrecision(config, program);
}
