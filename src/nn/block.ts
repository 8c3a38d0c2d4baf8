import {
  add,
  type Dim,
  fold,
  gelu,
  layerNorm,
  matmul,
  mul,
  reshape,
  scope,
  size,
  slice,
  softmax,
  split,
  standardise,
  type Tensor,
  transpose,
  transposeLast,
  unfold,
} from '../tensor/index.js';
import { type Linear, linear, linearSpec } from './linear.js';
import type { ParameterSpec } from './parameters.js';

/** Scale and bias of a layer normalisation, each [D]. */
export interface Norm<T> {
  readonly weight: T;
  readonly bias: T;
}

/** A pre-norm transformer block; names as in timm. */
export interface Block<T> {
  readonly norm1: Norm<T>;
  readonly attn: { readonly qkv: Linear<T>; readonly proj: Linear<T> };
  readonly norm2: Norm<T>;
  readonly mlp: { readonly fc1: Linear<T>; readonly fc2: Linear<T> };
}

export function normSpec(width: number): Norm<ParameterSpec> {
  return {
    weight: { shape: [width], initialise: { value: 1 } },
    bias: { shape: [width], initialise: { value: 0 } },
  };
}

/** Residual outputs start at half of Xavier's size, so that a deep stack starts near the identity. */
export function blockSpec(width: number, mlp = 4): Block<ParameterSpec> {
  return {
    norm1: normSpec(width),
    attn: { qkv: linearSpec(width, 3 * width), proj: linearSpec(width, width, 0.5) },
    norm2: normSpec(width),
    mlp: { fc1: linearSpec(width, mlp * width), fc2: linearSpec(mlp * width, width, 0.5) },
  };
}

/** Blocks 0 … depth−1, keyed by number as on disk. */
export function blocksSpec(depth: number, width: number): Readonly<Record<string, Block<ParameterSpec>>> {
  return Object.fromEntries(Array.from({ length: depth }, (_, i) => [String(i), blockSpec(width)]));
}

export function norm(x: Tensor, { weight, bias }: Norm<Tensor>): Tensor {
  return layerNorm(x, weight, bias);
}

/**
 * The map that gives on standardised x what `map` gives on norm(x): scale and bias move into weight and bias, which
 * are small, and the backward pass over the tokens shrinks by half.
 */
export function absorb({ weight, bias }: Norm<Tensor>, map: Linear<Tensor>): Linear<Tensor> {
  const shift = matmul(map.weight, reshape(bias, [size(bias, 0), 1]));
  return { weight: mul(map.weight, weight), bias: add(map.bias, reshape(shift, map.bias.shape)) };
}

/** Chooses the tokens that are wanted of [B, N, D]: [B, Q, D]. */
export type Select = (tokens: Tensor) => Tensor;

/** [B, N, D] cut into heads: [B, heads, N, D / heads]. */
export function intoHeads(x: Tensor, heads: number): Tensor {
  const [batch, tokens] = x.shape as [Dim, Dim];
  return transpose(reshape(x, [batch, tokens, heads, size(x, -1) / heads]), [0, 2, 1, 3]);
}

/**
 * Multi-head attention over the tokens of each of `batch` images, whose rows lie one after another:
 * [B·N, D] → [B·N, D]; D is a multiple of `heads`.
 * @param asking the rows that ask, all are asked: [B·Q, D] → [B·Q, D]
 */
export function attention(
  x: Tensor,
  { qkv, proj }: Block<Tensor>['attn'],
  heads: number,
  batch: Dim,
  asking = x,
): Tensor {
  const width = size(x, -1);
  // Cutting the small weight, not the tokens, into three spares a copy of each in both directions.
  const thirds = [width, width, width];
  const weights = split(qkv.weight, 0, thirds);
  // Heads are folded into the batch, so that the runtime leaves the transposes of q, k and v as these are and
  // takes k's other one into the product.
  const [q, k, v] = split(qkv.bias, 0, thirds).map((bias, i) => {
    const mapped = linear(i === 0 ? asking : x, { weight: weights[i] as Tensor, bias });
    return fold(intoHeads(unfold(mapped, batch), heads), 2);
  }) as [Tensor, Tensor, Tensor];
  const scores = matmul(mul(q, Math.sqrt(heads / width)), transposeLast(k));
  const mixed = transpose(unfold(matmul(softmax(scores), v), batch), [0, 2, 1, 3]);
  return linear(reshape(mixed, asking.shape), proj);
}

/**
 * A pre-norm block: x + attention(norm(x)), then x + mlp(norm(x)). [B, N, D] → [B, N, D].
 * @param select only these tokens are computed: [B, Q, D], the same numbers as selecting them afterwards
 */
export function block(x: Tensor, parameters: Block<Tensor>, heads: number, select?: Select): Tensor {
  const [batch] = x.shape as [Dim];
  // Inside, the tokens of all images are rows of one matrix: no reshaping around every product.
  const choose = (rows: Tensor): Tensor => (select === undefined ? rows : fold(select(unfold(rows, batch))));
  const attended = scope('attn', () => {
    const qkv = absorb(parameters.norm1, parameters.attn.qkv);
    const rows = fold(x);
    const normal = standardise(rows);
    const answer = attention(normal, { ...parameters.attn, qkv }, heads, batch, choose(normal));
    return add(choose(rows), answer);
  });
  return scope('mlp', () => {
    const hidden = gelu(linear(standardise(attended), absorb(parameters.norm2, parameters.mlp.fc1)));
    return unfold(add(attended, linear(hidden, parameters.mlp.fc2)), batch);
  });
}

/** A stack of blocks in order of their numbers. @param select the tokens that the last block computes */
export function blocks(
  x: Tensor,
  stack: Readonly<Record<string, Block<Tensor>>>,
  heads: number,
  select?: Select,
): Tensor {
  const entries = Object.entries(stack);
  return entries.reduce(
    (tokens, [number, parameters], i) =>
      scope(`blocks.${number}`, () =>
        block(tokens, parameters, heads, i === entries.length - 1 ? select : undefined),
      ),
    x,
  );
}

/** The last `count` tokens: [B, N, D] → [B, count, D]. */
export function lastTokens(x: Tensor, count: number): Tensor {
  return slice(x, 1, size(x, 1) - count, size(x, 1));
}
