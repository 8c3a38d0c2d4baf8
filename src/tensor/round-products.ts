import { scope } from './op.js';
import { cast } from './ops/elementwise.js';
import type { Program } from './program.js';
import { again, rewrite } from './rewrite.js';
import type { Node, Tensor } from './tensor.js';

/** What only moves numbers: it moves rounded ones, half as many bytes, and products take it into themselves. */
const moves: ReadonlySet<string> = new Set(['Reshape', 'Transpose']);

/**
 * The same program with matrix products in bfloat16: what they read and write is rounded to it, and their sums are the
 * device's, float32. All else keeps its element type: normalisation, softmax, activations, sums, what is fed, what is given.
 * @param chosen which products
 */
export function roundProducts<I, O>(program: Program<I, O>, chosen: (node: Node) => boolean): Program<I, O> {
  const known = new Map<Tensor, Tensor>();
  const rounded = (x: Tensor): Tensor => {
    const found = known.get(x) ?? round(x, rounded);
    known.set(x, found);
    return found;
  };
  return rewrite(program, (node, inputs) => {
    if (node.type !== 'MatMul' || !chosen(node)) return undefined;
    return scope(node.scope, () => {
      const [output] = node.outputs as [Tensor];
      const [product] = again(node, inputs.map(rounded), [{ ...output, dtype: 'bfloat16' }]) as [Tensor];
      return [cast(product, output.dtype)];
    });
  });
}

/** A tensor in bfloat16, rounded once and as early as can be. @param rounded the same of what it is made from */
function round(x: Tensor, rounded: (x: Tensor) => Tensor): Tensor {
  const { producer } = x;
  if (producer === undefined) return cast(x, 'bfloat16');
  const [from, ...how] = producer.inputs as [Tensor, ...Tensor[]];
  if (producer.type === 'Cast' && from.dtype === 'bfloat16') return from;
  if (moves.has(producer.type))
    return again(producer, [rounded(from), ...how], [{ dtype: 'bfloat16', shape: x.shape }])[0] as Tensor;
  return cast(x, 'bfloat16');
}
