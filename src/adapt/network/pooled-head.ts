import {
  absorb,
  intoHeads,
  type Linear,
  linear,
  linearSpec,
  type Norm,
  norm,
  normSpec,
  type ParameterSpec,
} from '../../nn/index.js';
import {
  type Dim,
  matmul,
  mean,
  mul,
  reshape,
  softmax,
  split,
  standardise,
  type Tensor,
  transposeLast,
} from '../../tensor/index.js';

/** How a head makes one vector of an image's tokens: their mean, or attention with one learned query. */
export type PooledHeadKind = 'linear' | 'attentive';
export const pooledHeadKinds: readonly PooledHeadKind[] = ['linear', 'attentive'];

/** Sizes of a head that names an image's class. */
export interface PooledHeadConfig {
  readonly kind: PooledHeadKind;
  readonly classes: number;
  /** Features of a token. */
  readonly width: number;
  /** Of the attention. */
  readonly heads: number;
}

/** Cross-attention pooling: one learned query asks all tokens. */
export interface Pooling<T> {
  readonly norm: Norm<T>;
  readonly query: T;
  readonly kv: Linear<T>;
  readonly proj: Linear<T>;
}

/** Parameters of a head; `pool` only where it is attentive. */
export interface PooledHead<T> {
  readonly pool?: Pooling<T>;
  readonly norm: Norm<T>;
  readonly linear: Linear<T>;
}

export function pooledHeadSpec({ kind, classes, width }: PooledHeadConfig): PooledHead<ParameterSpec> {
  const last = { norm: normSpec(width), linear: linearSpec(width, classes) };
  if (kind === 'linear') return last;
  return {
    pool: {
      norm: normSpec(width),
      // Near zero, so that it starts as the mean.
      query: { shape: [1, 1, width], initialise: { normal: 0.02 } },
      kv: linearSpec(width, 2 * width),
      proj: linearSpec(width, width),
    },
    ...last,
  };
}

/** Cross-attention pooling of tokens [B, N, D] → [B, D]. */
export function attentivePool(
  tokens: Tensor,
  { norm: before, query, kv, proj }: Pooling<Tensor>,
  heads: number,
): Tensor {
  const [batch, , width] = tokens.shape as [Dim, Dim, number];
  const both = linear(standardise(tokens), absorb(before, kv));
  const [k, v] = split(both, 2, [width, width]).map((part) => intoHeads(part, heads)) as [Tensor, Tensor];
  const q = mul(intoHeads(query, heads), Math.sqrt(heads / width));
  const mixed = matmul(softmax(matmul(q, transposeLast(k))), v);
  return linear(reshape(mixed, [batch, width]), proj);
}

/** Logits of images: tokens [B, N, D] → [B, classes]. */
export function classLogits(
  tokens: Tensor,
  parameters: PooledHead<Tensor>,
  { heads }: PooledHeadConfig,
): Tensor {
  const { pool } = parameters;
  const pooled = pool === undefined ? mean(tokens, [1]) : attentivePool(tokens, pool, heads);
  return linear(norm(pooled, parameters.norm), parameters.linear);
}
