import { add, matmulTransposed, type Tensor } from '../tensor/index.js';
import type { ParameterSpec } from './parameters.js';

/** Parameters of a linear map, stored as PyTorch does: weight [out, in], bias [out]. */
export interface Linear<T> {
  readonly weight: T;
  readonly bias: T;
}

/** Xavier-uniform weight times `gain`, zero bias. */
export function linearSpec(inputs: number, outputs: number, gain = 1): Linear<ParameterSpec> {
  return {
    weight: { shape: [outputs, inputs], initialise: { uniform: gain * Math.sqrt(6 / (inputs + outputs)) } },
    bias: { shape: [outputs], initialise: { value: 0 } },
  };
}

/** x · weightᵀ + bias: [..., in] → [..., out]. */
export function linear(x: Tensor, { weight, bias }: Linear<Tensor>): Tensor {
  return add(matmulTransposed(x, weight), bias);
}
