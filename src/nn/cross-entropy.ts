import {
  add,
  cast,
  constant,
  equal,
  exp,
  log,
  max,
  mean,
  mul,
  reshape,
  size,
  sub,
  sum,
  type Tensor,
} from '../tensor/index.js';

/**
 * Softmax cross-entropy, averaged over rows: −log of the probability that a row's logits give its label.
 * @param logits [B, C]
 * @param labels int32 [B], each in 0 … C−1
 * @returns a scalar
 */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const [rows, classes] = [size(logits, 0), size(logits, 1)];
  // Around the largest logit no exponential overflows.
  const shifted = sub(logits, max(logits, 1, true));
  const total = log(sum(exp(shifted), [1], true));
  const names = constant(
    Array.from({ length: classes }, (_, i) => i),
    { dtype: 'int32' },
  );
  const chosen = cast(equal(reshape(labels, [rows, 1]), names), logits.dtype);
  return mean(add(reshape(total, [rows]), mul(sum(mul(shifted, chosen), [1]), -1)));
}
