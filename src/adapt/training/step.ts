import {
  adamw,
  decays,
  type Flat,
  flatGradients,
  globalNorm,
  type Layout,
  type Moments,
  mapGroups,
} from '../../nn/index.js';
import {
  add,
  concat,
  constant,
  expand,
  minimum,
  mul,
  reciprocal,
  type Spec,
  scope,
  spec,
  split,
  type Tensor,
  trace,
} from '../../tensor/index.js';
import type { Rates } from '../../train/update.js';
import { type HeadConfig, headLoss, targetSpec } from '../network/heads.js';
import {
  type InputKind,
  inputSpec,
  type Network,
  networkLayouts,
  type Part,
  type Parts,
  partSpecs,
  partsFrom,
  readTokens,
  type Trees,
  taskLogits,
  unpackParts,
} from '../network/network.js';

/** Weights and moments of the parts that are trained. */
export interface State<T> {
  readonly weights: Parts<Flat<T>>;
  readonly mean: Parts<Flat<T>>;
  readonly variance: Parts<Flat<T>>;
}

/** Images and targets of a step that teach the same: a task, or probes side by side. */
export interface Lesson {
  /** Images in a step. */
  readonly images: number;
  /** Of its loss in the step's. */
  readonly weight: number;
  /** The heads that learn from it, by task, each with the share of the heads' learning rate that it takes. */
  readonly learners: Readonly<Record<string, number>>;
}

/** What a step is built from. */
export interface StepConfig {
  readonly network: Network;
  /** By name; a task's is the task's, so that its token is found. */
  readonly lessons: Readonly<Record<string, Lesson>>;
  /** What the step is fed; the encoder must be frozen where it is latents. */
  readonly input: InputKind;
  /** The parts that are trained, each with the share of the learning rate that it takes. */
  readonly trained: Parts<number>;
  readonly betas: readonly [number, number];
  /** Latents of each image that the predictor sees; all where undefined. */
  readonly visible?: number | undefined;
  /** Largest global gradient norm; Infinity leaves heads that learn side by side apart. */
  readonly clip: number;
}

/** The numbers of one step that follow a schedule. */
export type StepRates<T> = Omit<Rates<T>, 'momentum'>;

export interface StepInputs<T> {
  /** By lesson: images [B, 3, h, w] in 0..1, or latents [B, N, D]. */
  readonly input: Readonly<Record<string, T>>;
  /** By lesson: as {@link targetSpec} has them; all its learners learn from the same. */
  readonly targets: Readonly<Record<string, T>>;
  /** Which latents the predictor sees of each image, all lessons' one after another, [B, visible]. */
  readonly visible?: T;
  readonly rates: StepRates<T>;
  readonly state: State<T>;
  /** The parts that the input passes and that stay as they are. */
  readonly frozen: Parts<Flat<T>>;
}

/** The trained parts in the order in which an image passes them. */
export const trainedParts = ({
  network,
  trained,
}: Pick<StepConfig, 'network' | 'trained'>): readonly Part[] =>
  partsFrom(network, 'images').filter((part) => trained[part] !== undefined);

/** Images of a step, of all lessons. */
export const imagesOf = ({ lessons }: Pick<StepConfig, 'lessons'>): number =>
  Object.values(lessons).reduce((sum, { images }) => sum + images, 0);

/** Specs of the state. */
export function stateSpecs(config: Pick<StepConfig, 'network' | 'trained'>): State<Spec> {
  const specs = (): Parts<Flat<Spec>> => partSpecs(config.network, trainedParts(config));
  return { weights: specs(), mean: specs(), variance: specs() };
}

/** Something for each lesson, by name. */
function mapLessons<T>({ lessons }: Pick<StepConfig, 'lessons'>, make: (lesson: Lesson) => T) {
  return Object.fromEntries(Object.entries(lessons).map(([name, lesson]) => [name, make(lesson)]));
}

function stepSpecs(config: StepConfig): StepInputs<Spec> {
  const { network, input, trained, visible } = config;
  const scalar = spec([]);
  return {
    input: mapLessons(config, ({ images }) => inputSpec(network, input, images)),
    targets: mapLessons(config, ({ images, learners }) => {
      const [learner = ''] = Object.keys(learners);
      return targetSpec(network.tasks[learner] as HeadConfig, images);
    }),
    ...(visible === undefined ? {} : { visible: spec([imagesOf(config), visible], 'int32') }),
    rates: { learningRate: scalar, weightDecay: scalar, meanCorrection: scalar, varianceCorrection: scalar },
    state: stateSpecs(config),
    frozen: partSpecs(
      network,
      partsFrom(network, input).filter((part) => trained[part] === undefined),
    ),
  };
}

/** The share of the learning rate that each number of the heads takes; one scalar where all take the same. */
function headShares(config: StepConfig, group: string): Tensor | number {
  const { entries } = networkLayouts(config.network).heads;
  const learners = Object.assign({}, ...Object.values(config.lessons).map((lesson) => lesson.learners));
  const share = (name: string): number => learners[name.slice(0, name.indexOf('.'))] ?? 0;
  const shares = entries
    .filter((entry) => entry.group === group)
    .map(({ name, shape }) => ({ share: share(name), count: shape.reduce((a, b) => a * b, 1) }));
  const [first] = shares;
  if (first === undefined || shares.every((each) => each.share === first.share)) return first?.share ?? 0;
  return concat(
    shares.map((each) => expand(constant([each.share]), [each.count])),
    0,
  );
}

/** What the heads read, by lesson: the images of all pass encoder and predictor together, each with its task's token. */
function lessonTokens(
  { network, lessons }: StepConfig,
  input: Readonly<Record<string, Tensor>>,
  trees: Trees,
  visible: Tensor | undefined,
): Readonly<Record<string, Tensor>> {
  const names = Object.keys(lessons);
  const counts = names.map((name) => (lessons[name] as Lesson).images);
  const taskTokens = names.flatMap((name, i) => {
    const token = trees.heads[name]?.token;
    return token === undefined ? [] : [expand(token, [counts[i] as number, ...token.shape.slice(1)])];
  });
  const together = concat(Object.values(input), 0);
  const token = taskTokens.length > 0 ? concat(taskTokens, 0) : undefined;
  const parts = split(readTokens(together, trees, network, { token, visible }), 0, counts);
  return Object.fromEntries(names.map((name, i) => [name, parts[i] as Tensor]));
}

/** The loss of each lesson: the sum of its learners'. */
function lessonLosses(
  config: StepConfig,
  tokens: Readonly<Record<string, Tensor>>,
  targets: Readonly<Record<string, Tensor>>,
  trees: Trees,
): Readonly<Record<string, Tensor>> {
  const { network, lessons } = config;
  const lossOf = (task: string, lesson: string): Tensor => {
    const logits = taskLogits(tokens[lesson] as Tensor, trees, task, network);
    const head = network.tasks[task] as HeadConfig;
    return scope('loss', () => headLoss(logits, targets[lesson] as Tensor, head));
  };
  return Object.fromEntries(
    Object.entries(lessons).map(([name, { learners }]) => [
      name,
      Object.keys(learners)
        .map((task) => lossOf(task, name))
        .reduce((a, b) => add(a, b)),
    ]),
  );
}

/** The state after AdamW, with gradients clipped together, and their norm before. */
function update(
  config: StepConfig,
  gradients: Readonly<Record<Part, Flat<Tensor>>>,
  state: State<Tensor>,
  rates: StepRates<Tensor>,
): { gradientNorm: Tensor; state: State<Tensor> } {
  const parts = trainedParts(config);
  const gradientNorm = globalNorm(parts.flatMap((part) => Object.values(gradients[part])));
  const scale = minimum(mul(reciprocal(add(gradientNorm, 1e-6)), config.clip), 1);
  const updateGroup = (part: Part, group: string, gradient: Tensor): Moments<Tensor> => {
    const of = (values: Parts<Flat<Tensor>>): Tensor => (values[part] as Flat<Tensor>)[group] as Tensor;
    const rate = mul(rates.learningRate, config.trained[part] as number);
    const own = {
      ...rates,
      learningRate: mul(rate, part === 'heads' ? headShares(config, group) : 1),
      weightDecay: decays(group) ? rates.weightDecay : undefined,
    };
    const before = { weights: of(state.weights), mean: of(state.mean), variance: of(state.variance) };
    return adamw(before, mul(gradient, scale), own, config);
  };
  const updated = parts.map(
    (part) =>
      [part, mapGroups(gradients[part], (gradient, group) => updateGroup(part, group, gradient))] as const,
  );
  const pick = (key: keyof Moments<Tensor>): Parts<Flat<Tensor>> =>
    Object.fromEntries(updated.map(([part, moments]) => [part, mapGroups(moments, (each) => each[key])]));
  return {
    gradientNorm,
    state: { weights: pick('weights'), mean: pick('mean'), variance: pick('variance') },
  };
}

/** One whole step: (encode →) predict → heads → losses → gradients → clip → AdamW. */
export function traceStep(config: StepConfig) {
  return trace('adapt', stepSpecs(config), (traced) => {
    const { input, targets, visible, rates, state, frozen } = traced as unknown as StepInputs<Tensor>;
    const where = networkLayouts(config.network);
    const trees = unpackParts(where, { ...frozen, ...state.weights });
    const tokens = lessonTokens(config, input, trees, visible);
    const losses = lessonLosses(config, tokens, targets, trees);
    const loss = Object.entries(config.lessons)
      .map(([name, { weight }]) => mul(losses[name] as Tensor, weight))
      .reduce((a, b) => add(a, b));
    const gradients = flatGradients<Part>(
      loss,
      Object.fromEntries(
        trainedParts(config).map((part) => [
          part,
          { layout: where[part] as Layout<unknown>, parameters: trees[part] },
        ]),
      ),
    );
    return { losses, ...scope('update', () => update(config, gradients, state, rates)) };
  });
}
