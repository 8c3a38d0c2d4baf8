import { apply, broadcastShape, type Operator, sameDType } from '../op.js';
import type { HloValue, StableHloText } from '../stablehlo-text.js';
import { constant, type DType, elementType, type Node, type Tensor } from '../tensor.js';
import { reduceTo } from './shape.js';

/** A tensor, or a number that becomes a scalar of the other operand's element type. */
export type Operand = Tensor | number;

type UnaryRule = (values: { x: Tensor; y: Tensor; dy: Tensor }) => Tensor;
type BinaryRule = (values: { a: Tensor; b: Tensor; y: Tensor; dy: Tensor }) => readonly [Tensor?, Tensor?];

/** What an operator of equal shapes is in StableHLO. */
type Written<N extends HloValue[]> = (h: StableHloText, ...operands: N) => HloValue;
type Unary = Written<[HloValue]>;
type Binary = Written<[HloValue, HloValue]>;
/** StableHLO has an operation for it. */
const named =
  (operation: string) =>
  (h: StableHloText, ...operands: [HloValue, ...HloValue[]]): HloValue =>
    h.elementwise(operation, ...operands);
const compared =
  (direction: 'EQ' | 'GT' | 'LT'): Binary =>
  (h, a, b) =>
    h.compare(direction, a, b);

function unary(type: string, write: Unary, rule?: UnaryRule): (x: Tensor) => Tensor {
  const gradient = (node: Node, dys: readonly (Tensor | undefined)[]): readonly (Tensor | undefined)[] => [
    rule?.({ x: node.inputs[0] as Tensor, y: node.outputs[0] as Tensor, dy: dys[0] as Tensor }),
  ];
  const operator: Operator = {
    infer: ([x]) => [x as Tensor],
    gradient,
    stablehlo: (h, input) => [write(h, input(0))],
  };
  return (x) => apply(type, operator, [x]);
}

function binary(
  type: string,
  write: Binary,
  rule?: BinaryRule,
  result?: DType,
): (a: Operand, b: Operand) => Tensor {
  const operator: Operator = {
    infer: (inputs) => {
      const [a, b] = inputs as [Tensor, Tensor];
      const dtype = sameDType(inputs);
      return [{ dtype: result ?? dtype, shape: broadcastShape(a.shape, b.shape) }];
    },
    gradient: (node, dys) => {
      const [a, b] = node.inputs as [Tensor, Tensor];
      const [da, db] = rule?.({ a, b, y: node.outputs[0] as Tensor, dy: dys[0] as Tensor }) ?? [];
      return [da && reduceTo(da, a.shape), db && reduceTo(db, b.shape)];
    },
    stablehlo: (h, input, output) => {
      const { shape } = output(0);
      return [write(h, h.broadcast(input(0), shape), h.broadcast(input(1), shape))];
    },
  };
  return (a, b) => apply(type, operator, operands(a, b));
}

function operands(a: Operand, b: Operand): readonly [Tensor, Tensor] {
  if (typeof a !== 'number') return [a, typeof b === 'number' ? constant(b, { dtype: a.dtype }) : b];
  if (typeof b !== 'number') return [constant(a, { dtype: b.dtype }), b];
  return [constant(a), constant(b)];
}

/** a + b, broadcast. */
export const add = binary('Add', named('add'), ({ dy }) => [dy, dy]);
/** a − b, broadcast. */
export const sub = binary('Sub', named('subtract'), ({ dy }) => [dy, neg(dy)]);
/** a · b, broadcast. */
export const mul = binary('Mul', named('multiply'), ({ a, b, dy }) => [mul(dy, b), mul(dy, a)]);
/** a / b, broadcast. */
export const div = binary('Div', named('divide'), ({ b, y, dy }) => [div(dy, b), neg(div(mul(dy, y), b))]);
/** The larger of a and b; at a tie the gradient goes to b. */
export const maximum = binary('Max', named('maximum'), ({ a, b, dy }) => [
  where(greater(a, b), dy, constant(0, { dtype: dy.dtype })),
  where(greater(a, b), constant(0, { dtype: dy.dtype }), dy),
]);
/** The smaller of a and b; at a tie the gradient goes to b. */
export const minimum = binary('Min', named('minimum'), ({ a, b, dy }) => [
  where(greater(b, a), dy, constant(0, { dtype: dy.dtype })),
  where(greater(b, a), constant(0, { dtype: dy.dtype }), dy),
]);
/** a > b, as booleans. */
export const greater = binary('Greater', compared('GT'), undefined, 'bool');
/** a < b, as booleans. */
export const less = binary('Less', compared('LT'), undefined, 'bool');
/** a = b, as booleans. */
export const equal = binary('Equal', compared('EQ'), undefined, 'bool');

/** −x. */
export const neg = unary('Neg', named('negate'), ({ dy }) => neg(dy));
/** eˣ. */
export const exp = unary('Exp', named('exponential'), ({ y, dy }) => mul(dy, y));
/** Natural logarithm, x > 0. */
export const log = unary('Log', named('log'), ({ x, dy }) => div(dy, x));
/** Square root, x ≥ 0. */
export const sqrt = unary('Sqrt', named('sqrt'), ({ y, dy }) => div(mul(dy, 0.5), y));
/** 1 / x. */
export const reciprocal = unary(
  'Reciprocal',
  (h, x) => h.elementwise('divide', h.fill(1, x), x),
  ({ y, dy }) => neg(mul(dy, mul(y, y))),
);
/** Hyperbolic tangent. */
export const tanh = unary('Tanh', named('tanh'), ({ y, dy }) => mul(dy, sub(1, mul(y, y))));
/** Logistic function 1 / (1 + e⁻ˣ). */
export const sigmoid = unary('Sigmoid', named('logistic'), ({ y, dy }) => mul(dy, mul(y, sub(1, y))));
/** max(x, 0). */
export const relu = unary(
  'Relu',
  (h, x) => h.elementwise('maximum', x, h.fill(0, x)),
  ({ y, dy }) => where(greater(y, 0), dy, constant(0, { dtype: dy.dtype })),
);
/** |x|; gradient 0 at 0. */
export const abs = unary('Abs', named('abs'), ({ x, dy }) => mul(dy, sign(x)));
/** −1, 0 or 1. Flat, so no gradient. */
export const sign = unary('Sign', named('sign'));
/** The largest whole number ≤ x. Flat, so no gradient. */
export const floor = unary('Floor', named('floor'));
/** Error function. d erf(x)/dx = 2/√π · exp(−x²). */
export const erf = unary(
  'Erf',
  (h, x) => h.erf(x),
  ({ x, dy }) => mul(dy, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))),
);

const whereOperator: Operator = {
  infer: (inputs) => {
    const [condition, a, b] = inputs as [Tensor, Tensor, Tensor];
    if (condition.dtype !== 'bool') throw new Error('the condition is not boolean');
    const shape = broadcastShape(condition.shape, broadcastShape(a.shape, b.shape));
    return [{ dtype: sameDType([a, b]), shape }];
  },
  stablehlo: (h, input, output) => {
    const wide = (i: number): HloValue => h.broadcast(input(i), output(0).shape);
    return [h.select(wide(0), wide(1), wide(2))];
  },
  gradient: (node, dys) => {
    const [condition, a, b] = node.inputs as [Tensor, Tensor, Tensor];
    const dy = dys[0] as Tensor;
    const zero = constant(0, { dtype: dy.dtype });
    return [
      undefined,
      reduceTo(where(condition, dy, zero), a.shape),
      reduceTo(where(condition, zero, dy), b.shape),
    ];
  },
};

/** a where the condition holds, else b; broadcast. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  return apply('Where', whereOperator, [condition, ...operands(a, b)]);
}

const isFloat = (dtype: DType): boolean => ['bfloat16', 'float32', 'float64'].includes(dtype);

/** The same values in another element type; gradients are cast back, but none flow through integers or booleans. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  const operator: Operator = {
    infer: ([input]) => [{ dtype, shape: (input as Tensor).shape }],
    stablehlo: (h, input, output) => [h.convert(input(0), output(0).element)],
    gradient: (_, dys) => [isFloat(x.dtype) && isFloat(dtype) ? cast(dys[0] as Tensor, x.dtype) : undefined],
  };
  return apply('Cast', operator, [x], { to: elementType[dtype] });
}

/** x limited to [low, high]. */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  return minimum(maximum(x, low), high);
}
