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
  standardise,
  type Tensor,
  unfold,
} from '../tensor/index.js';
import { type Attention, attention } from './attention.js';
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
  readonly attn: Attention<T>;
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

/** What a block does beside the ordinary. */
export interface BlockForm {
  /** Only these tokens are computed: the same numbers as selecting them afterwards. */
  readonly select?: Select | undefined;
  /** Standardised rows that are attended to beside the block's own tokens, and not computed, [B·M, D]. */
  readonly others?: Tensor | undefined;
}

/** A pre-norm block: x + attention(norm(x)), then x + mlp(norm(x)). [B, N, D] → [B, N, D], or [B, Q, D] if selected. */
export function block(
  x: Tensor,
  parameters: Block<Tensor>,
  heads: number,
  { select, others }: BlockForm = {},
): Tensor {
  const [batch] = x.shape as [Dim];
  // Inside, the tokens of all images are rows of one matrix: no reshaping around every product.
  const choose = (rows: Tensor): Tensor => (select === undefined ? rows : fold(select(unfold(rows, batch))));
  const attended = scope('attn', () => {
    const qkv = absorb(parameters.norm1, parameters.attn.qkv);
    const rows = fold(x);
    const normal = standardise(rows);
    const seen = others === undefined ? [normal] : [others, normal];
    const answer = attention(choose(normal), seen, { ...parameters.attn, qkv }, heads, batch);
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
        block(tokens, parameters, heads, { select: i === entries.length - 1 ? select : undefined }),
      ),
    x,
  );
}
