import { apply, type Operator, resolveAxis } from '../op.js';
import { constant, size, type Tensor } from '../tensor.js';
import { add, equal, mul, where } from './elementwise.js';
import { reshape, sum } from './shape.js';

/** Mean over `axes` (all by default), whose sizes must be static. */
export function mean(x: Tensor, axes: readonly number[] = x.shape.map((_, i) => i), keep = false): Tensor {
  const total = sum(x, axes, keep);
  return mul(total, 1 / axes.reduce((product, axis) => product * size(x, axis), 1));
}

/** Variance (not corrected) over `axes`. */
export function variance(x: Tensor, axes: readonly number[], keep = false): Tensor {
  const centred = add(x, mul(mean(x, axes, true), -1));
  return mean(mul(centred, centred), axes, keep);
}

function extreme(type: 'ReduceMax' | 'ReduceMin'): (x: Tensor, axis: number, keep?: boolean) => Tensor {
  return (x, axis, keep = false) => {
    const kept = (input: Tensor): Tensor['shape'] =>
      input.shape.map((dim, i) => (i === resolveAxis(axis, input.rank) ? 1 : dim));
    const operator: Operator = {
      infer: ([input]) => {
        const at = resolveAxis(axis, (input as Tensor).rank);
        return [{ dtype: x.dtype, shape: kept(input as Tensor).filter((_, i) => keep || i !== at) }];
      },
      stablehlo: (h, input, output) => {
        const operation = type === 'ReduceMax' ? 'maximum' : 'minimum';
        const folded = h.reduce(operation, input(0), [resolveAxis(axis, input(0).shape.length)]);
        return [h.reshape(folded, output(0).shape)];
      },
      gradient: (node, dys) => {
        const input = node.inputs[0] as Tensor;
        const shape = kept(input);
        const chosen = equal(input, reshape(node.outputs[0] as Tensor, shape));
        return [where(chosen, reshape(dys[0] as Tensor, shape), constant(0, { dtype: x.dtype }))];
      },
    };
    return apply(type, operator, [x, constant([axis], { dtype: 'int64' })], { keepdims: keep ? 1 : 0 });
  };
}

/** Largest value along `axis`; at ties every one of them gets the gradient. */
export const max = extreme('ReduceMax');
/** Smallest value along `axis`; at ties every one of them gets the gradient. */
export const min = extreme('ReduceMin');
