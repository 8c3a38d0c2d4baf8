import { apply, applyMany, type Operator, sameDType } from '../op.js';
import type { StableHloRule } from '../stablehlo-text.js';
import { constant, Float, type Spec, size, type Tensor } from '../tensor.js';
import { cast, mul, sub } from './elementwise.js';
import { mean } from './reduce.js';
import { reduceTo, sum } from './shape.js';

/** Softmax over the last axis. */
export function softmax(x: Tensor): Tensor {
  const operator: Operator = {
    infer: ([input]) => [input as Tensor],
    stablehlo: (h, input) => {
      const x = input(0);
      const last = [x.shape.length - 1];
      const largest = h.broadcast(h.reduce('maximum', x, last), x.shape);
      const exponential = h.elementwise('exponential', h.elementwise('subtract', x, largest));
      return [h.elementwise('divide', exponential, h.broadcast(h.reduce('add', exponential, last), x.shape))];
    },
    gradient: (node, dys) => {
      const y = node.outputs[0] as Tensor;
      const dy = dys[0] as Tensor;
      return [mul(y, sub(dy, sum(mul(dy, y), [-1], true)))];
    },
  };
  return apply('Softmax', operator, [x], { axis: -1 });
}

const layerNormShapes: Operator['infer'] = ([input, s, b]) => {
  const { shape } = input as Tensor;
  const dtype = sameDType([input, s, b] as Tensor[]);
  const width = size(input as Tensor, -1);
  for (const parameter of [s, b] as [Tensor, Tensor])
    if (parameter.rank !== 1 || parameter.shape[0] !== width)
      throw new Error(`scale and bias must have shape [${width}]`);
  const reduced: Spec = { dtype: 'float32', shape: [...shape.slice(0, -1), 1] };
  return [{ dtype, shape }, reduced, reduced];
};

const layerNormText =
  (epsilon: number): StableHloRule =>
  (h, input, output) => {
    const [x, s, b] = [input(0), input(1), input(2)];
    const average = h.meanOfLast(x);
    const offset = h.elementwise('subtract', x, h.broadcast(average, x.shape));
    const variance = h.meanOfLast(h.elementwise('multiply', offset, offset));
    const inverse = h.elementwise('rsqrt', h.elementwise('add', variance, h.fill(epsilon, variance)));
    const normal = h.elementwise('multiply', offset, h.broadcast(inverse, x.shape));
    const scaled = h.elementwise('multiply', normal, h.broadcast(s, x.shape));
    return [
      h.elementwise('add', scaled, h.broadcast(b, x.shape)),
      h.convert(average, output(1).element),
      h.convert(inverse, output(2).element),
    ];
  };

/** What flows to x, where g flows to `normal` = (x − mean) · inverseDeviation. */
function throughNormal(g: Tensor, normal: Tensor, inverseDeviation: Tensor): Tensor {
  const along = mean(mul(g, normal), [-1], true);
  return mul(sub(sub(g, mean(g, [-1], true)), mul(normal, along)), inverseDeviation);
}

/**
 * Layer normalisation over the last axis: (x − mean) / √(variance + epsilon) · scale + bias.
 * ONNX returns mean and inverse deviation beside the result, in float32 whatever the element type; the
 * backward pass uses them again.
 */
export function layerNorm(x: Tensor, scale: Tensor, bias: Tensor, epsilon = 1e-6): Tensor {
  const operator: Operator = {
    infer: layerNormShapes,
    stablehlo: layerNormText(epsilon),
    gradient: (node, dys) => {
      const [input, s, b] = node.inputs as [Tensor, Tensor, Tensor];
      const [average, inverseDeviation] = node.outputs.slice(1).map((value) => cast(value, input.dtype)) as [
        Tensor,
        Tensor,
      ];
      const dy = dys[0] as Tensor;
      const normal = mul(sub(input, average), inverseDeviation);
      const dx = throughNormal(mul(dy, s), normal, inverseDeviation);
      return [dx, reduceTo(mul(dy, normal), s.shape), reduceTo(dy, b.shape)];
    },
  };
  const attributes = { axis: -1, epsilon: new Float(epsilon) };
  return applyMany('LayerNormalization', operator, [x, scale, bias], attributes)[0] as Tensor;
}

/** Layer normalisation over the last axis without learned scale and bias: its result serves its backward pass. */
export function standardise(x: Tensor, epsilon = 1e-6): Tensor {
  const operator: Operator = {
    infer: layerNormShapes,
    stablehlo: layerNormText(epsilon),
    gradient: (node, dys) => {
      const [normal, , inverseDeviation] = node.outputs as [Tensor, Tensor, Tensor];
      return [throughNormal(dys[0] as Tensor, normal, cast(inverseDeviation, x.dtype))];
    },
  };
  const width = size(x, -1);
  const ones = constant(new Array<number>(width).fill(1), { dtype: x.dtype });
  const nulls = constant(new Array<number>(width).fill(0), { dtype: x.dtype });
  const attributes = { axis: -1, epsilon: new Float(epsilon) };
  return applyMany('LayerNormalization', operator, [x, ones, nulls], attributes)[0] as Tensor;
}
