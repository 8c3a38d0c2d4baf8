import { apply, broadcastShape, type Operator, sameDType } from '../op.js';
import type { Dim, Tensor } from '../tensor.js';
import { fold, reduceTo, transposeLast } from './shape.js';

const operator: Operator = {
  infer: (inputs) => {
    const [a, b] = inputs as [Tensor, Tensor];
    if (a.rank < 2 || b.rank < 2) throw new Error('both operands need at least 2 axes');
    if (a.shape.at(-1) !== b.shape.at(-2))
      throw new Error(`inner sizes ${a.shape.at(-1)} and ${b.shape.at(-2)} differ`);
    const lead = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [{ dtype: sameDType(inputs), shape: [...lead, a.shape.at(-2) as Dim, b.shape.at(-1) as Dim] }];
  },
  stablehlo: (h, input, output) => {
    const [a, b] = [input(0), input(1)];
    if (b.shape.length === 2) return [h.product(a, b, 0, output(0))];
    const lead = output(0).shape.slice(0, -2);
    const left = h.broadcast(a, [...lead, ...a.shape.slice(-2)]);
    const right = h.broadcast(b, [...lead, ...b.shape.slice(-2)]);
    return [h.product(left, right, lead.length, output(0))];
  },
  gradient: (node, dys) => {
    const [a, b] = node.inputs as [Tensor, Tensor];
    const dy = dys[0] as Tensor;
    const da = reduceTo(matmul(dy, transposeLast(b)), a.shape);
    // A shared right operand sees every leading index: fold them into rows, one product instead of a sum of many.
    // Written as (dyᵀ · a)ᵀ: a weight stored as [out, in] undoes the outer transpose.
    if (b.rank === 2) return [da, transposeLast(matmul(transposeLast(fold(dy)), fold(a)))];
    return [da, reduceTo(matmul(transposeLast(a), dy), b.shape)];
  },
};

/** Matrix product over the last two axes, leading axes broadcast: [..., m, k] · [..., k, n] → [..., m, n]. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  return apply('MatMul', operator, [a, b]);
}

/** x · Wᵀ for a weight stored as [out, in], as PyTorch does: [..., in] → [..., out]. */
export function matmulTransposed(x: Tensor, weight: Tensor): Tensor {
  return matmul(x, transposeLast(weight));
}
