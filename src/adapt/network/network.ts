import { whole } from '../../evaluate/programs.js';
import { type Flat, flatSpecs, type Layout, layout, type ParameterSpec, unpack } from '../../nn/index.js';
import {
  cast,
  constant,
  type Dim,
  type DType,
  gatherTokens,
  mean,
  type Spec,
  scope,
  spec,
  type Tensor,
  trace,
  zeros,
} from '../../tensor/index.js';
import {
  actionSize,
  type Encoder,
  type EncoderConfig,
  encode,
  type Layouts,
  layouts,
  type ModelConfig,
  type Normalisation,
  normalise,
  type Predictor,
  predict,
  tokenCount,
} from '../../world-model/index.js';
import type { DenseHeadConfig } from './dense-head.js';
import { type Head, type HeadConfig, headLogits, headSpec } from './heads.js';

/** How the predictor is asked. The published way is all blocks but the last with the context, and stride 1. */
export interface PredictorForm {
  /** How many of its first blocks compute the context's tokens too, 0 … depth − 1; later ones only ask them. */
  readonly contextBlocks: number;
  /** Every how many patches, along rows and columns, one is predicted. */
  readonly stride: number;
}

/** What an adapted model is made of, beside its weights. */
export interface Network {
  readonly model: ModelConfig;
  readonly normalisation: Normalisation;
  /** Size of the images given, in pixels. */
  readonly image: { readonly height: number; readonly width: number };
  /** Undefined: the heads read the encoder's latents. */
  readonly predictor: PredictorForm | undefined;
  /** A head for each task, by its name. */
  readonly tasks: Readonly<Record<string, HeadConfig>>;
  /** Whether the predictor is told which task it works for, by a token learned for each. */
  readonly taskTokens: boolean;
}

/** The parts of a network that have weights, in the order in which an image passes them. */
export type Part = 'encoder' | 'predictor' | 'heads';
/** Something for each part that is concerned. */
export type Parts<T> = { readonly [part in Part]?: T };

/** What a task has for itself: its head, and the token that tells the predictor of it, [1, 1, predictor width]. */
export type TaskParameters<T> = Head<T> & { readonly token?: T };

/** The heads of all tasks, by task. */
export type Heads<T> = Readonly<Record<string, TaskParameters<T>>>;

/** Where the parameters of every part lie; `predictor` also where the network has none. */
export interface NetworkLayouts extends Layouts {
  readonly heads: Layout<Heads<ParameterSpec>>;
}

export function networkLayouts({
  model,
  tasks,
  taskTokens,
}: Pick<Network, 'model' | 'tasks' | 'taskTokens'>): NetworkLayouts {
  // As the mask token starts, which it stands beside.
  const token: ParameterSpec = { shape: [1, 1, model.predictor.width], initialise: { normal: 0.02 } };
  const heads = Object.fromEntries(
    Object.entries(tasks).map(([name, config]) => [
      name,
      { ...headSpec(config), ...(taskTokens ? { token } : {}) },
    ]),
  );
  return { ...layouts(model), heads: layout(heads) };
}

/** The parts that a network has. */
export function partsOf({ predictor }: Pick<Network, 'predictor'>): readonly Part[] {
  return predictor === undefined ? ['encoder', 'heads'] : ['encoder', 'predictor', 'heads'];
}

/** Positions that a predictor of this form is asked for: the middles of squares of stride × stride patches. */
export function predictedPositions({ encoder }: ModelConfig, { stride }: PredictorForm): Int32Array {
  const side = encoder.image / encoder.patch;
  const middle = Math.floor(stride / 2);
  const places = Array.from({ length: Math.floor(side / stride) }, (_, i) => middle + i * stride);
  return Int32Array.from(places.flatMap((row) => places.map((column) => row * side + column)));
}

/** Points along a patch's side at which a dense head learns, where it has as many pixels. */
const POINTS = 4;

/** How the tokens that a dense head reads lie in an image, see {@link DenseHeadConfig}. */
export function tokenGrid(
  { image, patch }: EncoderConfig,
  predictor: PredictorForm | undefined,
): Pick<DenseHeadConfig, 'side' | 'shift' | 'points'> {
  const stride = predictor?.stride ?? 1;
  const patches = image / patch;
  return {
    side: patches / stride,
    // As in predictedPositions; for an even stride the middle patch's own middle is half a patch off.
    shift: 0.5 - (Math.floor(stride / 2) + 0.5) / stride,
    points: patches * Math.min(POINTS, patch),
  };
}

/** Latents of whole images [B, 3, h, w] in 0..1: [B, N, D]. */
export function imageLatents(images: Tensor, encoder: Encoder<Tensor>, network: Network): Tensor {
  const views = scope('views', () => normalise(whole(images, network), network.normalisation));
  return scope('encoder', () => encode(views, encoder, network.model.encoder));
}

/** What the predictor is told beside the latents. */
export interface Told {
  /** Of the task that is asked, [1 or B, 1, predictor width], where the network has task tokens. */
  readonly token?: Tensor | undefined;
  /** Positions of the latents that it sees, int32 [B, V]; all where absent. */
  readonly visible?: Tensor | undefined;
}

/**
 * What the heads read: the null action's prediction of the last block's latents from latents [B, N, D], or without a
 * predictor these themselves.
 */
export function features(
  latents: Tensor,
  predictor: Predictor<Tensor> | undefined,
  network: Network,
  { token, visible }: Told,
): Tensor {
  const { model, predictor: form } = network;
  if (form === undefined || predictor === undefined) return latents;
  const positions = predictedPositions(model, form);
  const predicted = constant(positions, { dtype: 'int32', shape: [1, positions.length] });
  const nullAction = zeros({ dtype: 'float32', shape: [1, actionSize] });
  const [context, at] =
    visible === undefined
      ? [latents, { predicted }]
      : [gatherTokens(latents, visible), { predicted, visible }];
  return scope('predictor', () =>
    predict(context, nullAction, at, predictor, model.predictor, model.encoder, {
      contextBlocks: form.contextBlocks,
      lastBlock: true,
      prompt: token,
    }),
  );
}

/** Every part's parameters as trees. */
export interface Trees {
  readonly encoder?: Encoder<Tensor>;
  readonly predictor?: Predictor<Tensor>;
  readonly heads: Heads<Tensor>;
}

export function unpackParts(parts: NetworkLayouts, flats: Parts<Flat<Tensor>>): Trees {
  const { encoder, predictor, heads } = flats;
  return {
    ...(encoder === undefined ? {} : { encoder: unpack(parts.encoder, encoder) as Encoder<Tensor> }),
    ...(predictor === undefined
      ? {}
      : { predictor: unpack(parts.predictor, predictor) as Predictor<Tensor> }),
    heads: heads === undefined ? {} : (unpack(parts.heads, heads) as Heads<Tensor>),
  };
}

/** What a network is fed: images, or latents kept in this precision. */
export type InputKind = 'images' | 'float16' | 'float32';

/** The spec of `batch` inputs. */
export function inputSpec({ image, model }: Network, kind: InputKind, batch: Dim): Spec {
  if (kind === 'images') return spec([batch, 3, image.height, image.width]);
  const { encoder } = model;
  return spec([batch, tokenCount(encoder), encoder.width], kind);
}

/** What the heads read of inputs: images, or their latents where the encoder is not among the trees. [B, Q, D] */
export function readTokens(input: Tensor, trees: Trees, network: Network, told: Told): Tensor {
  const latents =
    trees.encoder === undefined ? cast(input, 'float32') : imageLatents(input, trees.encoder, network);
  return features(latents, trees.predictor, network, told);
}

/** Logits of one task from what the heads read, as {@link headLogits} gives them. */
export function taskLogits(tokens: Tensor, trees: Trees, task: string, network: Network): Tensor {
  return scope('heads', () =>
    headLogits(tokens, trees.heads[task] as Head<Tensor>, network.tasks[task] as HeadConfig),
  );
}

/** The parts that a program fed with inputs of this kind needs. */
export function partsFrom(network: Network, kind: InputKind): readonly Part[] {
  return partsOf(network).filter((part) => part !== 'encoder' || kind === 'images');
}

/** Specs of the flat vectors of some parts. */
export function partSpecs(network: Network, parts: readonly Part[]): Parts<Flat<Spec>> {
  const where = networkLayouts(network);
  return Object.fromEntries(parts.map((part) => [part, flatSpecs(where[part] as Layout<unknown>)]));
}

/** Images [B, 3, h, w] → latents [B, N, D] in a precision. */
export function traceLatents(network: Network, batch: number, precision: DType) {
  const specs = {
    images: inputSpec(network, 'images', batch),
    weights: partSpecs(network, ['encoder']),
  };
  return trace('latents', specs, (inputs) => {
    const trees = unpackParts(networkLayouts(network), inputs.weights as Parts<Flat<Tensor>>);
    const encoder = trees.encoder as Encoder<Tensor>;
    return { latents: cast(imageLatents(inputs.images as Tensor, encoder, network), precision) };
  });
}

/** Inputs of a kind → logits of one task, as {@link headLogits} gives them. */
export function traceLogits(network: Network, task: string, kind: InputKind, batch: number) {
  const specs = {
    input: inputSpec(network, kind, batch),
    weights: partSpecs(network, partsFrom(network, kind)),
  };
  return trace('logits', specs, (inputs) => {
    const trees = unpackParts(networkLayouts(network), inputs.weights as Parts<Flat<Tensor>>);
    const tokens = readTokens(inputs.input as Tensor, trees, network, { token: trees.heads[task]?.token });
    return { out: taskLogits(tokens, trees, task, network) };
  });
}

/** Latents [B, N, D] → their means [B, D]. */
export function traceMeans(network: Network, kind: InputKind, batch: number) {
  return trace('means', { input: inputSpec(network, kind, batch) }, ({ input }) => ({
    out: mean(cast(input, 'float32'), [1]),
  }));
}
