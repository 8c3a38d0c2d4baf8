import type { Program } from './program.js';
import { again, rewrite } from './rewrite.js';
import type { Node, Shape, Tensor } from './tensor.js';

/**
 * The same program without what only moves shapes there and back: a reshape of a reshape is one, or none where the
 * shape is the first again; a transpose that undoes the one before it is none. The numbers are equal to the bit.
 */
export function simplify<I, O>(program: Program<I, O>): Program<I, O> {
  return rewrite(program, (node, inputs) => {
    if (node.type === 'Reshape') return simplifyReshape(node, inputs as [Tensor, Tensor]);
    if (node.type === 'Transpose') return simplifyTranspose(node, inputs as [Tensor]);
    return undefined;
  });
}

function simplifyReshape(node: Node, [x, shape]: [Tensor, Tensor]): readonly Tensor[] | undefined {
  const first = x.producer?.type === 'Reshape' ? (x.producer.inputs[0] as Tensor) : x;
  if (isSame(first.shape, (node.outputs[0] as Tensor).shape)) return [first];
  return first === x ? undefined : again(node, [first, shape]);
}

function simplifyTranspose(node: Node, [x]: [Tensor]): readonly Tensor[] | undefined {
  const order = (of: Node): readonly number[] => of.attributes.perm as readonly number[];
  const before = x.producer;
  const isUndone = before?.type === 'Transpose' && order(node).every((axis, i) => order(before)[axis] === i);
  return isUndone ? [before.inputs[0] as Tensor] : undefined;
}

const isSame = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((dim, i) => dim === b[i]);
