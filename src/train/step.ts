import type { ParameterSpec } from '../nn/index.js';
import {
  adamw,
  decays,
  type Flat,
  flatGradients,
  flatSpecs,
  globalNorm,
  type Layout,
  layout,
  type Moments,
  mapGroups,
  unpack,
} from '../nn/index.js';
import {
  add,
  type Dim,
  isTensor,
  leaves,
  minimum,
  mul,
  type Program,
  reciprocal,
  type Spec,
  scope,
  spec,
  sub,
  type Tensor,
  type Tree,
  trace,
} from '../tensor/index.js';
import {
  type Encoder,
  encoderSpec,
  type ModelConfig,
  makeViews,
  type Normalisation,
  objective,
  type Predictor,
  predictorSpec,
  type ViewInputs,
  type ViewsConfig,
  viewSpecs,
} from '../world-model/index.js';

/** Where the parameters of encoder and predictor lie. */
export interface Layouts {
  readonly encoder: Layout<Encoder<ParameterSpec>>;
  readonly predictor: Layout<Predictor<ParameterSpec>>;
}

/** The parts that are trained. */
export type Trainable<T> = { readonly encoder?: Flat<T>; readonly predictor: Flat<T> };

/** All that a step carries to the next. With a frozen encoder only the predictor is in it. */
export interface State<T> {
  readonly weights: Trainable<T>;
  readonly mean: Trainable<T>;
  readonly variance: Trainable<T>;
  /** Target encoder; absent where the encoder is frozen (it is then the encoder itself). */
  readonly target?: Flat<T>;
}

/** Scalars that follow a schedule, one set a step. */
export interface Rates<T> {
  readonly learningRate: T;
  readonly weightDecay: T;
  /** How much of the target encoder stays. */
  readonly momentum: T;
  readonly meanCorrection: T;
  readonly varianceCorrection: T;
}

/** What one step is built from. */
export interface StepConfig {
  readonly model: ModelConfig;
  readonly views: ViewsConfig;
  readonly normalisation: Normalisation;
  readonly frozen: boolean;
  /** Images in one run of the program. */
  readonly batch: number;
  /** Runs whose gradients are averaged into one update. */
  readonly accumulate: number;
  readonly betas: readonly [number, number];
  /** Largest global gradient norm. */
  readonly clip: number;
}

export interface StepInputs<T> {
  readonly images: T;
  readonly views: ViewInputs<T>;
  readonly rates: Rates<T>;
  readonly state: State<T>;
  /** Sum of the gradients of the earlier runs of this update; absent where accumulate is 1. */
  readonly gradients?: Trainable<T>;
  /** Weights of an encoder that is not trained. */
  readonly frozenEncoder?: Flat<T>;
}

/** The layouts of a model's parameters. */
export function layouts(model: ModelConfig): Layouts {
  return {
    encoder: layout(encoderSpec(model.encoder)),
    predictor: layout(predictorSpec(model.predictor, model.encoder)),
  };
}

type Part = 'encoder' | 'predictor';

function trainable<T>(frozen: boolean, make: (part: Part) => Flat<T>): Trainable<T> {
  return frozen
    ? { predictor: make('predictor') }
    : { encoder: make('encoder'), predictor: make('predictor') };
}

/** One value for each group of parameters that is trained. */
function eachGroup<T>(
  { model, frozen }: Pick<StepConfig, 'model' | 'frozen'>,
  make: (part: Part, group: string) => T,
): Trainable<T> {
  const parts = layouts(model);
  return trainable(frozen, (part) => mapGroups(parts[part].shapes, (_, group) => make(part, group)));
}

/** Specs of the state. */
export function stateSpecs({ model, frozen }: Pick<StepConfig, 'model' | 'frozen'>): State<Spec> {
  const parts = layouts(model);
  const specs = (): Trainable<Spec> => trainable(frozen, (part) => flatSpecs(parts[part]));
  const state = { weights: specs(), mean: specs(), variance: specs() };
  return frozen ? state : { ...state, target: flatSpecs(parts.encoder) };
}

/** Specs of a step's inputs. */
export function stepSpecs(config: StepConfig): StepInputs<Spec> {
  const { image } = config.views;
  const scalar = spec([]);
  const state = stateSpecs(config);
  return {
    images: spec([config.batch, 3, image.height, image.width]),
    views: viewSpecs(config.views, config.batch as Dim),
    rates: {
      learningRate: scalar,
      weightDecay: scalar,
      momentum: scalar,
      meanCorrection: scalar,
      varianceCorrection: scalar,
    },
    state,
    ...(config.accumulate > 1 ? { gradients: state.weights } : {}),
    ...(config.frozen ? { frozenEncoder: flatSpecs(layouts(config.model).encoder) } : {}),
  };
}

/** The loss of a batch and its gradients, summed onto those of earlier runs. */
function lossAndGradients(
  inputs: StepInputs<Tensor>,
  config: StepConfig,
): { loss: Tensor; gradients: Trainable<Tensor> } {
  const parts = layouts(config.model);
  const { weights, target } = inputs.state;
  const encoderFlat = (weights.encoder ?? inputs.frozenEncoder) as Flat<Tensor>;
  const encoder = unpack(parts.encoder, encoderFlat) as Encoder<Tensor>;
  const predictor = unpack(parts.predictor, weights.predictor) as Predictor<Tensor>;
  const average = target === undefined ? encoder : (unpack(parts.encoder, target) as Encoder<Tensor>);
  const views = scope('views', () => makeViews(inputs.images, inputs.views, config.normalisation));
  const loss = objective(
    { ...inputs.views, source: views.source, target: views.target },
    { encoder, predictor, target: average },
    config.model,
  );

  const gradients = flatGradients(loss, {
    ...(config.frozen ? {} : { encoder: { layout: parts.encoder, parameters: encoder } }),
    predictor: { layout: parts.predictor, parameters: predictor },
  });
  const summed = (part: Part, group: string): Tensor => {
    const [before, now] = [inputs.gradients?.[part]?.[group], gradients[part][group] as Tensor];
    return before === undefined ? now : add(before, now);
  };
  return { loss, gradients: eachGroup(config, summed) };
}

/** A run that only adds to the gradients; all but the last of an update's. */
export function traceAccumulation(config: StepConfig) {
  return trace('accumulate', stepSpecs(config), (inputs) =>
    lossAndGradients(inputs as unknown as StepInputs<Tensor>, config),
  );
}

/** One whole pretraining step: views → encode → predict → loss → gradients → clip → AdamW → average. */
export function traceStep(
  config: StepConfig,
): Program<StepInputs<Spec>, { loss: Tensor; gradientNorm: Tensor; state: State<Tensor> }> {
  return trace('step', stepSpecs(config), (traced) => {
    const inputs = traced as unknown as StepInputs<Tensor>;
    const { loss, gradients } = lossAndGradients(inputs, config);
    return scope('update', () => {
      const all = leaves(gradients as unknown as Tree<Tensor>, isTensor).map(([, flat]) => flat);
      const gradientNorm = mul(globalNorm(all), 1 / config.accumulate);
      const scale = mul(
        minimum(mul(reciprocal(add(gradientNorm, 1e-6)), config.clip), 1),
        1 / config.accumulate,
      );
      const { rates, state } = inputs;
      const updated = (part: Part, group: string): Moments<Tensor> => {
        const at = <T>(tree: Trainable<T>): T => (tree[part] as Flat<T>)[group] as T;
        const moments = { weights: at(state.weights), mean: at(state.mean), variance: at(state.variance) };
        const weightDecay = decays(group) ? rates.weightDecay : undefined;
        return adamw(moments, mul(at(gradients), scale), { ...rates, weightDecay }, config);
      };
      const moments = eachGroup(config, updated);
      const pick = (key: keyof Moments<Tensor>): Trainable<Tensor> =>
        trainable(config.frozen, (part) =>
          mapGroups(moments[part] as Flat<Moments<Tensor>>, (each) => each[key]),
        );
      const weights = pick('weights');
      const average = (target: Tensor, group: string): Tensor =>
        add(
          mul(target, rates.momentum),
          mul((weights.encoder as Flat<Tensor>)[group] as Tensor, sub(1, rates.momentum)),
        );
      const next: State<Tensor> = { weights, mean: pick('mean'), variance: pick('variance') };
      return {
        loss,
        gradientNorm,
        state: config.frozen ? next : { ...next, target: mapGroups(state.target as Flat<Tensor>, average) },
      };
    });
  });
}
