import { apply, type Operator } from '../op.js';
import type { Spec, Tensor } from '../tensor.js';

/** An ONNX model that came from elsewhere: a program runs it as a whole, and no gradient flows through it. */
export interface Callee {
  /** By which the engine has it. */
  readonly name: string;
  /** Which of its outputs is wanted. */
  readonly output: string;
}

/** What one run of a model takes, as it cannot be counted from nodes. */
export interface CallCost {
  readonly multiplyAdds: number;
  /** Of its weights and intermediate values, at most. */
  readonly bytes: number;
}

/**
 * What a model makes of a tensor.
 * @param spec of what it gives
 */
export function call({ name, output }: Callee, input: Tensor, spec: Spec, cost: CallCost): Tensor {
  const operator: Operator = {
    infer: () => [spec],
    stablehlo: () => {
      throw new Error(`${name} is an ONNX model, and has no StableHLO`);
    },
  };
  return apply('Call', operator, [input], { model: name, output, ...cost });
}
