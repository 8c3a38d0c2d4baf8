import { apply, scope } from './op.js';
import { add, erf, mul } from './ops/elementwise.js';
import { slice } from './ops/shape.js';
import type { Program } from './program.js';
import { again, rewrite } from './rewrite.js';
import { statistics } from './spell-out.js';
import type { Float, Node, Tensor, TensorData } from './tensor.js';

/** The oldest of ONNX's operator sets that a program can be written in. */
export const OLDEST_OPERATOR_SET = 11;

type Older = (node: Node, inputs: readonly Tensor[]) => readonly Tensor[];

/** An input of numbers, the second one, as the attribute that it was. */
const asAttribute =
  (name: string): Older =>
  (node, [x, numbers]) => {
    const values = Array.from((numbers as Tensor).data as TensorData, Number);
    return again({ ...node, attributes: { ...node.attributes, [name]: values } }, [x as Tensor]);
  };

/** What a set has brought of what programs are made of, newest first, and how it was said before. */
const brought: readonly (readonly [set: number, Readonly<Record<string, Older>>])[] = [
  [20, { Gelu: (_, [x]) => [mul(mul(x as Tensor, 0.5), add(erf(mul(x as Tensor, Math.SQRT1_2)), 1))] }],
  [18, { ReduceMax: asAttribute('axes'), ReduceMin: asAttribute('axes') }],
  [
    17,
    {
      LayerNormalization: ({ attributes }, [x, scale, bias]) => {
        const { value: epsilon } = attributes.epsilon as Float;
        const { offset, center, inverseDeviation } = statistics(x as Tensor, epsilon);
        const normal = mul(offset, inverseDeviation);
        return [add(mul(normal, scale as Tensor), bias as Tensor), center, inverseDeviation];
      },
    },
  ],
  [
    15,
    {
      Shape: ({ stablehlo, attributes }, [x]) => {
        const { start, end } = attributes as { readonly start: number; readonly end: number };
        const infer = () => [{ dtype: 'int64', shape: [(x as Tensor).rank] }] as const;
        return [slice(apply('Shape', { infer, stablehlo }, [x as Tensor]), 0, start, end)];
      },
    },
  ],
  [13, { ReduceSum: asAttribute('axes'), Split: asAttribute('split') }],
];

/**
 * The same program in an older operator set of ONNX: operators that came later are spelt out, and what became an input is an
 * attribute again. A newer set needs nothing: all that a program is made of is as it was.
 * @param set from {@link OLDEST_OPERATOR_SET} on; before 12 a program must not gather tokens
 */
export function inOperatorSet<I, O>(program: Program<I, O>, set: number): Program<I, O> {
  return brought
    .filter(([since]) => set < since)
    .reduce(
      (written, [, older]) =>
        rewrite(written, (node, inputs) => {
          const spell = older[node.type];
          return spell && scope(node.scope, () => spell(node, inputs));
        }),
      program,
    );
}
