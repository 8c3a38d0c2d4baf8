import { apply, type Operator } from '../op.js';
import type { Tensor } from '../tensor.js';
import { add, erf, exp, mul, sub } from './elementwise.js';

const operator: Operator = {
  infer: ([x]) => [x as Tensor],
  stablehlo: (h, input) => {
    const x = input(0);
    const doubled = h.elementwise(
      'add',
      h.erf(h.elementwise('multiply', x, h.fill(Math.SQRT1_2, x))),
      h.fill(1, x),
    );
    return [h.elementwise('multiply', h.elementwise('multiply', x, h.fill(0.5, x)), doubled)];
  },
  gradient: (node, dys) => {
    const x = node.inputs[0] as Tensor;
    // Φ(x) + x·φ(x) = ½ (1 + erf u + 2/√π · u · exp(−u²)) with u = x / √2, in as few passes as can be: the constant
    // goes into the exponent, and ½ into the product that dy comes from.
    const u = mul(x, Math.SQRT1_2);
    const density = exp(sub(Math.log(2 / Math.sqrt(Math.PI)), mul(u, u)));
    const doubled = add(add(erf(u), mul(u, density)), 1);
    return [mul(mul(dys[0] as Tensor, 0.5), doubled)];
  },
};

/** Gaussian error linear unit, exact: x · Φ(x). */
export function gelu(x: Tensor): Tensor {
  return apply('Gelu', operator, [x]);
}
