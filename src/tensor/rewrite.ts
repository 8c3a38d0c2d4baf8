import { reachable } from './graph.js';
import { applyMany, scope } from './op.js';
import type { Program } from './program.js';
import { isTensor, type Node, type Spec, type Tensor } from './tensor.js';
import { mapTree } from './tree.js';

/** The node once more, on other inputs. @param outputs what it gives, where that differs too */
export function again(
  node: Node,
  inputs: readonly Tensor[],
  outputs: readonly Spec[] = node.outputs,
): readonly Tensor[] {
  return scope(node.scope, () =>
    applyMany(node.type, { infer: () => outputs, stablehlo: node.stablehlo }, inputs, node.attributes),
  );
}

/**
 * The same program with nodes replaced, in topological order.
 * @param replace gives what stands for a node's outputs, from its inputs as they are by now; undefined leaves the node
 * @param given what stands for inputs and constants
 */
export function rewrite<I, O>(
  program: Program<I, O>,
  replace: (node: Node, inputs: readonly Tensor[]) => readonly Tensor[] | undefined,
  given: ReadonlyMap<Tensor, Tensor> = new Map(),
): Program<I, O> {
  const replaced = new Map(given);
  const now = (tensor: Tensor): Tensor => replaced.get(tensor) ?? tensor;
  for (const node of program.nodes) {
    const inputs = node.inputs.map(now);
    const moved = inputs.some((input, i) => input !== node.inputs[i]);
    const outputs = replace(node, inputs) ?? (moved ? again(node, inputs) : node.outputs);
    node.outputs.forEach((output, i) => {
      replaced.set(output, outputs[i] as Tensor);
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
