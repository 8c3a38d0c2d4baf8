import { reachable } from './graph.js';
import { applyMany, scope } from './op.js';
import { add, mul, reciprocal, sqrt, sub } from './ops/elementwise.js';
import { mean } from './ops/reduce.js';
import type { Program } from './program.js';
import { type Float, isTensor, type Node, type Tensor } from './tensor.js';
import { mapTree } from './tree.js';

/** The node once more, on other inputs. */
function again(node: Node, inputs: readonly Tensor[]): readonly Tensor[] {
  return scope(node.scope, () =>
    applyMany(node.type, { infer: () => node.outputs }, inputs, node.attributes),
  );
}

/**
 * The same program, the mean and inverse deviation beside every layer normalisation computed by operators of their
 * own: some devices' LayerNormalization gives only the normalised values, and leaves those outputs empty.
 */
export function spellOutStatistics<I, O>(program: Program<I, O>): Program<I, O> {
  const replaced = new Map<Tensor, Tensor>();
  const now = (tensor: Tensor): Tensor => replaced.get(tensor) ?? tensor;
  for (const node of program.nodes) {
    const inputs = node.inputs.map(now);
    const outputs = inputs.some((input, i) => input !== node.inputs[i]) ? again(node, inputs) : node.outputs;
    node.outputs.forEach((output, i) => {
      replaced.set(output, outputs[i] as Tensor);
    });
    if (node.type !== 'LayerNormalization') continue;
    const [x] = inputs as [Tensor];
    const [, average, inverseDeviation] = node.outputs as [Tensor, Tensor, Tensor];
    const { value: epsilon } = node.attributes.epsilon as Float;
    scope(node.scope, () => {
      const center = mean(x, [-1], true);
      const offset = sub(x, center);
      replaced.set(average, center);
      replaced.set(inverseDeviation, reciprocal(sqrt(add(mean(mul(offset, offset), [-1], true), epsilon))));
    });
  }
  const outputs = program.outputs.map(([path, tensor]) => [path, now(tensor)] as const);
  return {
    ...program,
    outputs,
    outputTree: mapTree(program.outputTree, isTensor, now) as O,
    nodes: reachable(outputs.map(([, tensor]) => tensor)),
  };
}
