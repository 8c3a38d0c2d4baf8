import {
  add,
  concat,
  type Dim,
  fold,
  matmul,
  mul,
  reshape,
  size,
  softmax,
  split,
  type Tensor,
  transpose,
  transposeLast,
  unfold,
} from '../tensor/index.js';
import { type Linear, linear } from './linear.js';

/** [B, N, D] cut into heads: [B, heads, N, D / heads]. */
export function intoHeads(x: Tensor, heads: number): Tensor {
  const [batch, tokens] = x.shape as [Dim, Dim];
  return transpose(reshape(x, [batch, tokens, heads, size(x, -1) / heads]), [0, 2, 1, 3]);
}

/** Maps to queries, keys and values, their rows one after another, and back from the heads; names as in timm. */
export interface Attention<T> {
  readonly qkv: Linear<T>;
  readonly proj: Linear<T>;
}

/**
 * Multi-head attention among the tokens of each of `batch` images, whose rows lie one after another; D is a multiple of
 * `heads`.
 * @param asking the rows that ask, [B·Q, D]
 * @param seen the rows that are asked, in one matrix or several, each [B·N, D]
 * @returns [B·Q, D]
 */
export function attention(
  asking: Tensor,
  seen: readonly Tensor[],
  parameters: Attention<Tensor>,
  heads: number,
  batch: Dim,
): Tensor {
  const areFew = heads * tokens([asking], batch) < tokens(seen, batch);
  return (areFew ? attentionOfFew : attentionOfMany)(asking, seen, parameters, heads, batch);
}

const attentionOfMany: typeof attention = (asking, seen, { qkv, proj }, heads, batch) => {
  const width = size(asking, -1);
  // Cutting the small weight, not the tokens, into three spares a copy of each in both directions.
  const thirds = [width, width, width];
  const [weights, biases] = [split(qkv.weight, 0, thirds), split(qkv.bias, 0, thirds)];
  // Heads are folded into the batch, so that the runtime leaves the transposes of q, k and v as these are and
  // takes k's other one into the product.
  const mapped = (rows: Tensor, third: number): Tensor => {
    const map = { weight: weights[third] as Tensor, bias: biases[third] as Tensor };
    return fold(intoHeads(unfold(linear(rows, map), batch), heads), 2);
  };
  const q = mul(mapped(asking, 0), Math.sqrt(heads / width));
  const [keys, values] = [1, 2].map((third) => seen.map((rows) => mapped(rows, third))) as [
    Tensor[],
    Tensor[],
  ];
  const mixed = mix(q, keys, values);
  return linear(reshape(transpose(unfold(mixed, batch), [0, 2, 1, 3]), asking.shape), proj);
};

/**
 * The same numbers, cheaper where few ask: what they look for goes back through the map of the keys, and what they
 * receive on through that of the values, so that the many rows that are asked pass through neither.
 */
const attentionOfFew: typeof attention = (asking, seen, { qkv, proj }, heads, batch) => {
  const width = size(asking, -1);
  const [rows] = asking.shape as [Dim];
  const thirds = [width, width, width];
  // A bias of the keys would add the same to all scores of a query, which softmax does not see.
  const [toQuery, toKey, toValue] = split(qkv.weight, 0, thirds) as [Tensor, Tensor, Tensor];
  const [queryBias, , valueBias] = split(qkv.bias, 0, thirds) as [Tensor, Tensor, Tensor];
  const ofHead = (weight: Tensor): Tensor => reshape(weight, [heads, width / heads, width]);
  const queries = mul(linear(asking, { weight: toQuery, bias: queryBias }), Math.sqrt(heads / width));
  const apart = transpose(reshape(queries, [rows, heads, width / heads]), [1, 0, 2]);
  // [heads, B·Q, D] to [B, heads·Q, D], and back
  const count = tokens([asking], batch);
  const sought = transpose(reshape(matmul(apart, ofHead(toKey)), [heads, batch, count, width]), [1, 0, 2, 3]);
  const looking = reshape(sought, [batch, heads * count, width]);
  const others = seen.map((each) => unfold(each, batch));
  const received = mix(looking, others, others);
  const byHead = transpose(reshape(received, [batch, heads, count, width]), [1, 0, 2, 3]);
  const values = matmul(reshape(byHead, [heads, rows, width]), transposeLast(ofHead(toValue)));
  return linear(add(reshape(transpose(values, [1, 0, 2]), asking.shape), valueBias), proj);
};

/** Values by how well their keys fit the queries; keys and values in one tensor or several, the same of both. */
function mix(queries: Tensor, keys: readonly Tensor[], values: readonly Tensor[]): Tensor {
  const scores = keys.map((each) => matmul(queries, transposeLast(each)));
  // Joining and cutting the scores of few queries is cheaper than joining the tokens.
  const counts = scores.map((each) => size(each, -1));
  const shares = split(softmax(concat(scores, -1)), -1, counts);
  return values.map((each, i) => matmul(shares[i] as Tensor, each)).reduce(add);
}

/** Tokens of an image among the rows of `batch` images. */
const tokens = (all: readonly Tensor[], batch: Dim): number =>
  all.reduce((sum, rows) => sum + size(unfold(rows, batch), 1), 0);
