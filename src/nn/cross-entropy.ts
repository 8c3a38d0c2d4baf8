import {
  add,
  cast,
  constant,
  div,
  equal,
  exp,
  log,
  max,
  maximum,
  mean,
  mul,
  reshape,
  size,
  sub,
  sum,
  type Tensor,
} from '../tensor/index.js';

/** Of each row its loss [B], and what its logits and label are made of it with: its label as one of the classes [B, C]. */
function rowLosses(logits: Tensor, labels: Tensor): { losses: Tensor; chosen: Tensor } {
  const [rows, classes] = [size(logits, 0), size(logits, 1)];
  // Around the largest logit no exponential overflows.
  const shifted = sub(logits, max(logits, 1, true));
  const total = log(sum(exp(shifted), [1], true));
  const names = constant(
    Array.from({ length: classes }, (_, i) => i),
    { dtype: 'int32' },
  );
  const chosen = cast(equal(reshape(labels, [rows, 1]), names), logits.dtype);
  return { losses: add(reshape(total, [rows]), mul(sum(mul(shifted, chosen), [1]), -1)), chosen };
}

/**
 * Softmax cross-entropy, averaged over rows: −log of the probability that a row's logits give its label.
 * @param logits [B, C]
 * @param labels int32 [B], each in 0 … C−1
 * @returns a scalar
 */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  return mean(rowLosses(logits, labels).losses);
}

/**
 * Softmax cross-entropy, averaged over those rows whose label is a class.
 * @param logits [B, C]
 * @param labels int32 [B], each in 0 … C−1, or −1: such a row counts for nothing
 * @returns a scalar; 0 where no row counts
 */
export function partialCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const { losses, chosen } = rowLosses(logits, labels);
  const counts = sum(chosen, [1]);
  return div(sum(mul(losses, counts)), maximum(sum(counts), 1));
}
