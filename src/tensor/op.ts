import type { StableHloRule } from './stablehlo-text.js';
import {
  type Attributes,
  type DType,
  type GradientRule,
  type Node,
  type Shape,
  type Spec,
  Tensor,
} from './tensor.js';

let created = 0;
let scopes: readonly string[] = [];

/** Names the part of the model that `build` traces; nested names join with `/`. */
export function scope<T>(name: string, build: () => T): T {
  const before = scopes;
  scopes = [...before, name];
  try {
    return build();
  } finally {
    scopes = before;
  }
}

/**
 * A single definition of an operator: how its outputs look, how adjoints flow back, and what it is in StableHLO; in ONNX
 * it is the operator of its name.
 */
export interface Operator {
  /** Output specs from the inputs; throws with a short reason when the inputs do not fit. */
  readonly infer: (inputs: readonly Tensor[], attributes: Attributes) => readonly Spec[];
  readonly gradient?: GradientRule;
  readonly stablehlo: StableHloRule;
}

/** The first line of the stack that is not inside the tensor layer: who called the operator. */
function caller(): string {
  const lines = new Error().stack?.split('\n').slice(1) ?? [];
  // The first line is this very file, and whatever shares its folder is the tensor layer.
  const layer = lines[0]?.match(/([^ (]*[\\/])op\.[jt]s/)?.[1];
  const line = lines.find((text) => layer === undefined || !text.includes(layer)) ?? '';
  return line.trim().replace(/^at /, '');
}

/** Applies an ONNX operator with several outputs. Errors name the operator, the shapes and the caller's line. */
export function applyMany(
  type: string,
  operator: Operator,
  inputs: readonly Tensor[],
  attributes: Attributes = {},
): readonly Tensor[] {
  let specs: readonly Spec[];
  try {
    specs = operator.infer(inputs, attributes);
  } catch (error) {
    const shapes = inputs.map((input) => `${input.dtype}[${input.shape.join(', ')}]`).join(', ');
    throw new Error(`${type}(${shapes}): ${(error as Error).message}, at ${caller()}`);
  }
  const outputs = specs.map((spec) => new Tensor(spec.dtype, spec.shape));
  const node: Node = {
    id: created++,
    type,
    inputs,
    outputs,
    attributes,
    gradient: operator.gradient,
    stablehlo: operator.stablehlo,
    scope: scopes.join('/'),
  };
  for (const output of outputs) output.producer = node;
  return outputs;
}

/** Applies an ONNX operator with one output. */
export function apply(
  type: string,
  operator: Operator,
  inputs: readonly Tensor[],
  attributes: Attributes = {},
): Tensor {
  return applyMany(type, operator, inputs, attributes)[0] as Tensor;
}

/** The shape two operands broadcast to (NumPy's rule). */
export function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new Error(`sizes ${x} and ${y} do not broadcast`);
  });
}

/** A negative axis counted from the end; an error where there is no such axis. */
export function resolveAxis(axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (resolved < 0 || resolved >= rank) throw new Error(`axis ${axis} does not exist in rank ${rank}`);
  return resolved;
}

/** All inputs must be of one element type; returns it. */
export function sameDType(inputs: readonly Tensor[]): DType {
  const dtype = inputs[0]?.dtype ?? 'float32';
  for (const input of inputs)
    if (input.dtype !== dtype) throw new Error(`element types ${dtype} and ${input.dtype} differ`);
  return dtype;
}
