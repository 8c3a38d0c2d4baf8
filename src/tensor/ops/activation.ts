import { apply, type Operator } from '../op.js';
import type { Tensor } from '../tensor.js';
import { add, erf, exp, mul } from './elementwise.js';

const operator: Operator = {
  infer: ([x]) => [x as Tensor],
  gradient: (node, dys) => {
    const x = node.inputs[0] as Tensor;
    const cumulative = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
    const density = mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [mul(dys[0] as Tensor, add(cumulative, mul(x, density)))];
  },
};

/** Gaussian error linear unit, exact: x · Φ(x). */
export function gelu(x: Tensor): Tensor {
  return apply('Gelu', operator, [x]);
}
