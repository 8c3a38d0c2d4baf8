import type { CallCost } from './ops/call.js';
import type { Program } from './program.js';
import { type Node, type Spec, size, staticShape, type Tensor } from './tensor.js';

/** What one run of a program takes, counted from its nodes. */
export interface Cost {
  /** Multiply-adds of the matrix products, and of what is called. */
  readonly multiplyAdds: number;
  /** The most bytes of intermediate values alive at once, were nothing computed in place. */
  readonly peakBytes: number;
  /** Bytes of the inputs. */
  readonly inputBytes: number;
}

const width = {
  bfloat16: 2,
  float16: 2,
  float32: 4,
  float64: 8,
  int8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
} as const;
const bytes = (spec: Spec): number => staticShape(spec).reduce((a, b) => a * b, width[spec.dtype]);

/**
 * Counts a program with static shapes.
 * @param counts which nodes' products to count (all by default), e.g. by scope
 */
export function cost(program: Program, counts: (node: Node) => boolean = () => true): Cost {
  const lastUse = new Map<Tensor, number>();
  program.nodes.forEach((node, i) => {
    for (const input of node.inputs) lastUse.set(input, i);
  });
  for (const [, output] of program.outputs) lastUse.set(output, program.nodes.length);
  const dying = new Map<number, Tensor[]>();
  for (const [tensor, i] of lastUse) if (tensor.producer) dying.set(i, [...(dying.get(i) ?? []), tensor]);

  let alive = 0;
  let peakBytes = 0;
  let multiplyAdds = 0;
  program.nodes.forEach((node, i) => {
    for (const output of node.outputs) alive += lastUse.has(output) ? bytes(output) : 0;
    const called = node.type === 'Call' ? (node.attributes as unknown as CallCost) : undefined;
    peakBytes = Math.max(peakBytes, alive + (called?.bytes ?? 0));
    for (const tensor of dying.get(i) ?? []) alive -= bytes(tensor);
    if (called && counts(node)) multiplyAdds += called.multiplyAdds;
    if (node.type === 'MatMul' && counts(node)) {
      const output = node.outputs[0] as Tensor;
      multiplyAdds += staticShape(output).reduce((a, b) => a * b, size(node.inputs[0] as Tensor, -1));
    }
  });
  return {
    multiplyAdds,
    peakBytes,
    inputBytes: program.inputs.reduce((sum, [, input]) => sum + bytes(input), 0),
  };
}
