import * as t from '../../src/tensor/index.js';

/** Named inputs of a case, as the fixture calls them. */
export type Inputs = Readonly<
  Record<
    'a' | 'b' | 'c' | 'i' | 'x' | 'scale' | 'bias' | 'weight' | 'tokens' | 'table' | 'positions',
    t.Tensor
  >
>;
/** The operator under test, called as in `test/oracle/operators.py`. `dtype` is the element type tried. */
export type Build = (inputs: Inputs, dtype: t.DType) => t.Tensor | readonly t.Tensor[];

type Binary = (a: t.Operand, b: t.Operand) => t.Tensor;
type Unary = (x: t.Tensor) => t.Tensor;

const unary = (operator: Unary, ...more: string[]): Record<string, Build> =>
  Object.fromEntries(['matrix', ...more].map((title) => [title, ({ x }: Inputs) => operator(x)]));
const pair =
  (operator: Binary): Build =>
  ({ a, b }) =>
    operator(a, b);
const comparison = (operator: Binary): Record<string, Build> => ({
  'same shape': pair(operator),
  'both broadcast': pair(operator),
});
const arithmetic = (operator: Binary): Record<string, Build> => ({
  ...comparison(operator),
  'scalar left': pair(operator),
  'number right': ({ a }) => operator(a, 2.5),
  'number left': ({ a }) => operator(2.5, a),
});
const extremum = (operator: Binary): Record<string, Build> => ({
  ...comparison(operator),
  'number right': ({ a }) => operator(a, 0.3),
});
const each = (build: Build, ...titles: string[]): Record<string, Build> =>
  Object.fromEntries(titles.map((title) => [title, build]));

/** Every exported operator, by name, with its cases by title. */
export const cases: Readonly<Record<string, Readonly<Record<string, Build>>>> = {
  add: arithmetic(t.add),
  sub: arithmetic(t.sub),
  mul: arithmetic(t.mul),
  div: arithmetic(t.div),
  maximum: extremum(t.maximum),
  minimum: extremum(t.minimum),
  greater: comparison(t.greater),
  less: comparison(t.less),
  equal: each(pair(t.equal), 'integers, broadcast', 'floats'),
  neg: unary(t.neg),
  exp: unary(t.exp),
  log: unary(t.log),
  sqrt: unary(t.sqrt),
  reciprocal: unary(t.reciprocal),
  tanh: unary(t.tanh),
  sigmoid: unary(t.sigmoid, 'large arguments'),
  relu: unary(t.relu),
  abs: unary(t.abs),
  sign: unary(t.sign),
  floor: unary(t.floor),
  erf: unary(t.erf),
  gelu: unary(t.gelu, 'tails'),
  clamp: { 'inside, below and above': ({ x }) => t.clamp(x, -0.5, 0.5) },
  where: {
    ...each(({ c, a, b }) => t.where(c, a, b), 'same shape', 'all broadcast'),
    'number right': ({ c, a }) => t.where(c, a, -1.5),
  },
  cast: {
    'to float32 and back': ({ x }, dtype) => t.cast(t.cast(x, 'float32'), dtype),
    'to integers, towards 0': ({ x }) => t.cast(x, 'int32'),
    'from booleans': ({ c }, dtype) => t.cast(c, dtype),
    'from integers': ({ i }, dtype) => t.cast(i, dtype),
  },

  reshape: {
    'split and join axes': ({ x }) => t.reshape(x, [3, 2, 2]),
    'to a scalar': ({ x }) => t.reshape(x, []),
  },
  transpose: {
    'three axes in a cycle': ({ x }) => t.transpose(x, [1, 2, 0]),
    'four axes': ({ x }) => t.transpose(x, [0, 2, 1, 3]),
  },
  fold: {
    'all but the last': ({ x }) => t.fold(x),
    'all but two': ({ x }) => t.fold(x, 2),
  },
  unfold: { 'rows of two images': ({ x }) => t.unfold(x, 2) },
  transposeLast: { 'batch of matrices': ({ x }) => t.transposeLast(x) },
  sum: {
    'all axes': ({ x }) => t.sum(x),
    'negative axis': ({ x }) => t.sum(x, [-2]),
    'two axes kept': ({ x }) => t.sum(x, [0, -1], true),
    'long leading axes': ({ x }) => t.sum(x, [0, 1]),
  },
  expand: {
    'size 1 and a new axis': ({ x }) => t.expand(x, [4, 2, 3]),
    scalar: ({ x }) => t.expand(x, [2, 2]),
  },
  reduceTo: {
    'a lead axis and a kept one': ({ x }) => t.reduceTo(x, [2, 1]),
    'to a scalar': ({ x }) => t.reduceTo(x, []),
  },
  concat: {
    'first axis': ({ a, b }) => t.concat([a, b], 0),
    'negative axis, three parts': ({ a, b, c }) => t.concat([a, b, c], -1),
  },
  split: {
    'all parts used': ({ x }) => t.split(x, -1, [1, 3, 2]),
    'one part used': ({ x }) => t.split(x, 0, [1, 2])[1]!,
  },
  slice: {
    middle: ({ x }) => t.slice(x, 1, 1, 3),
    start: ({ x }) => t.slice(x, 0, 0, 2),
    'negative axis, end': ({ x }) => t.slice(x, -1, 2, 4),
  },
  zeros: { 'two axes': (_, dtype) => t.zeros({ dtype, shape: [2, 3] }) },

  matmul: each(
    ({ a, b }) => t.matmul(a, b),
    'matrices',
    'batch by a shared matrix',
    'shared matrix by a batch',
    'two batches',
    'leading axes broadcast',
    'one-row matrix',
  ),
  matmulTransposed: { 'linear layer': ({ x, weight }) => t.matmulTransposed(x, weight) },

  mean: {
    'all axes': ({ x }) => t.mean(x),
    'negative axis kept': ({ x }) => t.mean(x, [-1], true),
  },
  variance: {
    'last axis': ({ x }) => t.variance(x, [-1]),
    'two axes kept': ({ x }) => t.variance(x, [0, 2], true),
  },
  max: {
    'first axis': ({ x }) => t.max(x, 0),
    'negative axis kept': ({ x }) => t.max(x, -1, true),
  },
  min: {
    'first axis': ({ x }) => t.min(x, 0),
    'negative axis kept': ({ x }) => t.min(x, -1, true),
  },

  softmax: each(({ x }) => t.softmax(x), 'last axis', 'large numbers'),
  layerNorm: {
    'default epsilon': ({ x, scale, bias }) => t.layerNorm(x, scale, bias),
    'large epsilon': ({ x, scale, bias }) => t.layerNorm(x, scale, bias, 0.5),
  },
  standardise: { 'last axis': ({ x }) => t.standardise(x) },

  gatherTokens: { 'repeated positions': ({ tokens, positions }) => t.gatherTokens(tokens, positions) },
  gatherRows: { 'repeated positions': ({ table, positions }) => t.gatherRows(table, positions) },
};
