import { reachable } from './graph.js';
import { scope } from './op.js';
import { add } from './ops/elementwise.js';
import { zeros } from './ops/shape.js';
import { constant, type Node, type Tensor } from './tensor.js';

/**
 * Reverse-mode derivative of a scalar with respect to `parameters`, as more of the same program.
 * @param loss shape []
 * @param parameters any tensors the loss depends on; one it does not depend on gets zeros
 * @returns one tensor per parameter, of its shape
 */
export function gradient(loss: Tensor, parameters: readonly Tensor[]): readonly Tensor[] {
  if (loss.rank !== 0) throw new Error(`gradient: the loss has shape [${loss.shape.join(', ')}], not []`);
  const wanted = new Set(parameters);
  const nodes = reachable([loss]);
  const relevant = new Set<Node>();
  for (const node of nodes) {
    const depends = node.inputs.some(
      (input) => wanted.has(input) || (input.producer && relevant.has(input.producer)),
    );
    if (depends) relevant.add(node);
  }
  const adjoints = new Map<Tensor, Tensor>([[loss, constant(1, { dtype: loss.dtype })]]);
  for (const node of [...nodes].reverse()) {
    if (!relevant.has(node)) continue;
    const dys = node.outputs.map((output) => adjoints.get(output));
    if (dys.every((dy) => dy === undefined)) continue;
    if (node.gradient === undefined) throw new Error(`gradient: ${node.type} has no gradient rule`);
    const rule = node.gradient;
    const dxs = scope(`${node.scope}/backward`, () => rule(node, dys));
    node.inputs.forEach((input, i) => {
      const dx = dxs[i];
      if (dx === undefined) return;
      const before = adjoints.get(input);
      adjoints.set(input, before === undefined ? dx : add(before, dx));
    });
  }
  return parameters.map((parameter) => adjoints.get(parameter) ?? zeros(parameter));
}
