import type { DenseHeadConfig } from '../adapt/network/dense-head.js';
import { upsamplingMatrix } from '../adapt/network/dense-head.js';
import {
  features,
  type Network,
  networkLayouts,
  type Parts,
  partSpecs,
  partsOf,
  taskLogits,
  unpackParts,
} from '../adapt/network/network.js';
import { whole } from '../evaluate/programs.js';
import { type Flat, flatSpecs, unpack } from '../nn/index.js';
import {
  add,
  constant,
  type Dim,
  matmul,
  mean,
  type Program,
  reshape,
  scope,
  spec,
  type Tensor,
  trace,
  transpose,
} from '../tensor/index.js';
import {
  actionSize,
  type Encoder,
  encode,
  layouts,
  type ModelConfig,
  type Predictor,
  predict,
  targetLatents,
  tokenCount,
} from '../world-model/index.js';

/** The graphs that go out, inputs and outputs named as transformers.js has them; `weights.…` are inputs yet. */

/** What is computed of normalised images [B, 3, S, S] with an encoder's weights. */
function graphOfImages(
  name: string,
  model: ModelConfig,
  compute: (views: Tensor, parameters: Encoder<Tensor>) => Readonly<Record<string, Tensor>>,
): Program {
  const { encoder } = model;
  const parts = layouts(model);
  const specs = {
    pixel_values: spec(['batch', 3, encoder.image, encoder.image]),
    weights: flatSpecs(parts.encoder),
  };
  return trace(name, specs, ({ pixel_values, weights }) =>
    compute(pixel_values, unpack(parts.encoder, weights as Flat<Tensor>) as Encoder<Tensor>),
  ) as unknown as Program;
}

/** Normalised images [B, 3, S, S] → latents of all patches [B, N, D], and their means [B, D]. */
export const encoderGraph = (model: ModelConfig): Program =>
  graphOfImages('encoder', model, (views, parameters) => {
    const latents = scope('encoder', () => encode(views, parameters, model.encoder));
    return { last_hidden_state: latents, pooler_output: mean(latents, [1]) };
  });

/** Normalised images [B, 3, S, S] → what is predicted of them, [B, N, `targetWidth`]. */
export const targetGraph = (model: ModelConfig): Program =>
  graphOfImages('target', model, (views, parameters) => ({
    target: scope('target', () => targetLatents(views, parameters, model)),
  }));

/** Latents [B, N, D], actions [B, 7] and int32 positions [B, N] → predicted latents at these positions [B, N, `targetWidth`]. */
export function predictorGraph(model: ModelConfig): Program {
  const { encoder, predictor } = model;
  const patches = tokenCount(encoder);
  const parts = layouts(model);
  const specs = {
    latents: spec(['batch', patches, encoder.width]),
    action: spec(['batch', actionSize]),
    positions: spec(['batch', patches], 'int32'),
    weights: flatSpecs(parts.predictor),
  };
  return trace('predictor', specs, ({ latents, action, positions, weights }) => {
    const parameters = unpack(parts.predictor, weights as Flat<Tensor>) as Predictor<Tensor>;
    const at = { predicted: positions };
    return {
      predicted: scope('predictor', () => predict(latents, action, at, parameters, predictor, encoder)),
    };
  }) as unknown as Program;
}

/**
 * Normalised images [B, 3, h, w] → logits of one task: [B, classes], or of masks [B, classes, h, w]. Where the predictor
 * was kept, it is a part of the graph.
 * @param ignored a class that is never to be told
 */
export function taskGraph(network: Network, task: string, ignored?: number): Program {
  const { height, width } = network.image;
  const specs = {
    pixel_values: spec(['batch', 3, height, width]),
    weights: partSpecs(network, partsOf(network)),
  };
  return trace(task, specs, (inputs) => {
    const trees = unpackParts(networkLayouts(network), inputs.weights as Parts<Flat<Tensor>>);
    const views = whole(inputs.pixel_values as Tensor, network);
    const latents = scope('encoder', () =>
      encode(views, trees.encoder as Encoder<Tensor>, network.model.encoder),
    );
    const tokens = features(latents, trees.predictor, network, { token: trees.heads[task]?.token });
    const logits = taskLogits(tokens, trees, task, network);
    const head = network.tasks[task];
    return { logits: head?.kind === 'dense' ? overPixels(logits, head, network.image, ignored) : logits };
  }) as unknown as Program;
}

/** Logits of tokens [B, side², classes] at every pixel, [B, classes, height, width]. */
function overPixels(
  logits: Tensor,
  head: DenseHeadConfig,
  { height, width }: Network['image'],
  ignored: number | undefined,
): Tensor {
  const { side, classes } = head;
  const [batch] = logits.shape as [Dim];
  const axis = (length: number): Tensor =>
    constant(upsamplingMatrix(head, length), { shape: [length, side] });
  const planes = reshape(transpose(logits, [0, 2, 1]), [batch, classes, side, side]);
  const rows = matmul(axis(height), planes);
  const pixels = matmul(rows, transpose(axis(width), [1, 0]));
  if (ignored === undefined || ignored >= classes) return pixels;
  const never = Float32Array.from({ length: classes }, (_, i) => (i === ignored ? -1e9 : 0));
  return add(pixels, constant(never, { shape: [1, classes, 1, 1] }));
}

/** Numbers of flat vectors under the paths that they have as a graph's inputs. */
export function weightFeeds(parts: Readonly<Record<string, Flat<Float32Array>>>): Map<string, Float32Array> {
  return new Map(
    Object.entries(parts).flatMap(([prefix, flat]) =>
      Object.entries(flat).map(([group, numbers]) => [`${prefix}.${group}`, numbers] as const),
    ),
  );
}
