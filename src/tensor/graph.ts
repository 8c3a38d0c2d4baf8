import type { Node, Tensor } from './tensor.js';

/** Every node that `outputs` are computed from, in topological order. */
export function reachable(outputs: readonly Tensor[]): readonly Node[] {
  const found = new Set<Node>();
  const open = outputs.map((output) => output.producer);
  while (open.length > 0) {
    const node = open.pop();
    if (node === undefined || found.has(node)) continue;
    found.add(node);
    for (const input of node.inputs) open.push(input.producer);
  }
  return [...found].sort((a, b) => a.id - b.id);
}
