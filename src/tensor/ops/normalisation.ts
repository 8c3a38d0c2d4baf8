import { apply, applyMany, type Operator, sameDType } from '../op.js';
import { constant, Float, type Spec, size, type Tensor } from '../tensor.js';
import { cast, mul, sub } from './elementwise.js';
import { mean } from './reduce.js';
import { reduceTo, sum } from './shape.js';

/** Softmax over the last axis. */
export function softmax(x: Tensor): Tensor {
  const operator: Operator = {
    infer: ([input]) => [input as Tensor],
    gradient: (node, dys) => {
      const y = node.outputs[0] as Tensor;
      const dy = dys[0] as Tensor;
      return [mul(y, sub(dy, sum(mul(dy, y), [-1], true)))];
    },
  };
  return apply('Softmax', operator, [x], { axis: -1 });
}

/**
 * Layer normalisation over the last axis: (x − mean) / √(variance + epsilon) · scale + bias.
 * ONNX returns mean and inverse deviation beside the result, in float32 whatever the element type; the
 * backward pass uses them again.
 */
export function layerNorm(x: Tensor, scale: Tensor, bias: Tensor, epsilon = 1e-6): Tensor {
  const operator: Operator = {
    infer: ([input, s, b]) => {
      const { shape } = input as Tensor;
      const dtype = sameDType([input, s, b] as Tensor[]);
      const width = size(input as Tensor, -1);
      for (const parameter of [s, b] as [Tensor, Tensor])
        if (parameter.rank !== 1 || parameter.shape[0] !== width)
          throw new Error(`scale and bias must have shape [${width}]`);
      const reduced: Spec = { dtype: 'float32', shape: [...shape.slice(0, -1), 1] };
      return [{ dtype, shape }, reduced, reduced];
    },
    gradient: (node, dys) => {
      const [input, s, b] = node.inputs as [Tensor, Tensor, Tensor];
      const [, average, inverseDeviation] = node.outputs as [Tensor, Tensor, Tensor];
      const dy = dys[0] as Tensor;
      const { dtype } = input;
      const normal = mul(sub(input, cast(average, dtype)), cast(inverseDeviation, dtype));
      const g = mul(dy, s);
      const along = mean(mul(g, normal), [-1], true);
      const dx = mul(sub(sub(g, mean(g, [-1], true)), mul(normal, along)), cast(inverseDeviation, dtype));
      return [dx, reduceTo(mul(dy, normal), s.shape), reduceTo(dy, b.shape)];
    },
  };
  const attributes = { axis: -1, epsilon: new Float(epsilon) };
  return applyMany('LayerNormalization', operator, [x, scale, bias], attributes)[0] as Tensor;
}

/** Layer normalisation without learned scale and bias (targets are normalised so, per token). */
export function standardise(x: Tensor, epsilon = 1e-6): Tensor {
  const width = size(x, -1);
  const ones = constant(new Array<number>(width).fill(1), { dtype: x.dtype });
  const nulls = constant(new Array<number>(width).fill(0), { dtype: x.dtype });
  return layerNorm(x, ones, nulls, epsilon);
}
