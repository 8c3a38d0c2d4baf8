// A mistake in a program is told while it is traced, with the operator, the shapes and the caller's line.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as t from '../../src/tensor/index.js';

const x = new t.Tensor('float32', [2, 3]);
const cube = new t.Tensor('float32', [2, 3, 4]);
const double = new t.Tensor('float64', [2, 3]);
const positions = new t.Tensor('int32', [2, 5]);
const free = new t.Tensor('float32', ['batch', 3]);

const mistakes: Readonly<Record<string, readonly [() => unknown, string]>> = {
  'sizes that do not broadcast': [
    () => t.add(x, t.constant([1, 2])),
    'Add(float32[2, 3], float32[2]): sizes 3 and 2 do not broadcast',
  ],
  'two element types': [
    () => t.mul(x, double),
    'Mul(float32[2, 3], float64[2, 3]): element types float32 and float64 differ',
  ],
  'two element types compared': [
    () => t.greater(x, double),
    'Greater(float32[2, 3], float64[2, 3]): element types float32 and float64 differ',
  ],
  'a condition that is no condition': [
    () => t.where(x, x, x),
    'Where(float32[2, 3], float32[2, 3], float32[2, 3]): the condition is not boolean',
  ],
  'inner sizes of a product': [
    () => t.matmul(x, x),
    'MatMul(float32[2, 3], float32[2, 3]): inner sizes 3 and 2 differ',
  ],
  'a vector in a product': [
    () => t.matmul(x, t.constant([1, 2, 3])),
    'MatMul(float32[2, 3], float32[3]): both operands need at least 2 axes',
  ],
  'a reshape of another size': [
    () => t.reshape(x, [4, 2]),
    'Reshape(float32[2, 3], int64[2]): cannot reshape to [4, 2]',
  ],
  'a reshape that loses the batch': [
    () => t.reshape(free, [2, 3]),
    'Reshape(float32[batch, 3], int64[2]): cannot reshape to [2, 3]',
  ],
  'a transpose that repeats an axis': [
    () => t.transpose(cube, [0, 1, 1]),
    'Transpose(float32[2, 3, 4]): order [0, 1, 1] is no permutation of 3 axes',
  ],
  'a sum over an axis that is not there': [
    () => t.sum(x, [2]),
    'ReduceSum(float32[2, 3], int64[1]): axis 2 does not exist in rank 2',
  ],
  'a mean over an axis that is not there': [
    () => t.mean(x, [-3]),
    'ReduceSum(float32[2, 3], int64[1]): axis -3 does not exist in rank 2',
  ],
  'a maximum over an axis that is not there': [
    () => t.max(x, 5),
    'ReduceMax(float32[2, 3], int64[1]): axis 5 does not exist in rank 2',
  ],
  'an expansion of a size that is not 1': [
    () => t.expand(x, [4, 3]),
    'Expand(float32[2, 3], int64[2]): cannot expand to [4, 3]',
  ],
  'parts that do not join': [
    () => t.concat([x, new t.Tensor('float32', [2, 4])], 0),
    'Concat(float32[2, 3], float32[2, 4]): parts differ beside axis 0',
  ],
  'parts that do not add up': [
    () => t.split(x, -1, [1, 1]),
    'Split(float32[2, 3], int64[2]): parts [1, 1] do not add up to axis -1',
  ],
  'a range outside': [
    () => t.slice(x, 1, 2, 4),
    'Slice(float32[2, 3], int64[1], int64[1], int64[1]): no range 2..4 on axis 1',
  ],
  'a scale of another width': [
    () => t.layerNorm(x, t.constant([1, 1]), t.constant([0, 0])),
    'LayerNormalization(float32[2, 3], float32[2], float32[2]): scale and bias must have shape [3]',
  ],
  'a scale of another type': [
    () => t.layerNorm(double, t.constant([1, 1, 1]), t.constant([0, 0, 0])),
    'LayerNormalization(float64[2, 3], float32[3], float32[3]): element types float64 and float32 differ',
  ],
  'tokens of another batch': [
    () => t.gatherTokens(new t.Tensor('float32', [3, 4, 5]), positions),
    'GatherND(float32[3, 4, 5], int64[2, 5, 1]): needs tokens [B, N, D] and int32 positions [B, K]',
  ],
  'one position a sample without its axis': [
    () => t.gatherTokens(cube, new t.Tensor('int32', [2])),
    'GatherND(float32[2, 3, 4], int64[2, 1]): needs tokens [B, N, D] and int32 positions [B, K]',
  ],
  'a table with a batch': [
    () => t.gatherRows(cube, positions),
    'Gather(float32[2, 3, 4], int32[2, 5]): needs a table [N, D] and int32 positions [B, K]',
  ],
};

/** The line of this file on which `line` is called. */
const here = (): number => Number(/mistakes\.test\.ts:(\d+)/.exec(new Error().stack!.split('\n')[2]!)?.[1]);

for (const [title, [make, expected]] of Object.entries(mistakes))
  test(title, () => {
    assert.throws(make, (error: Error) => {
      const at = error.message.lastIndexOf(', at ');
      assert.equal(error.message.slice(0, at), expected);
      assert.match(error.message.slice(at), /mistakes\.test\.ts:\d+:\d+\)?$/);
      return true;
    });
  });

test('the line is the one that called the operator, also from within operators made of others', () => {
  const lineOf = (make: () => unknown): number => {
    try {
      make();
    } catch (error) {
      return Number(/mistakes\.test\.ts:(\d+):\d+\)?$/.exec((error as Error).message)?.[1]);
    }
    return assert.fail('no error');
  };
  assert.equal(
    lineOf(() => t.matmul(x, x)),
    here() - 1,
  );
  assert.equal(
    lineOf(() => t.matmulTransposed(cube, x)),
    here() - 1,
  );
  assert.equal(
    lineOf(() => t.variance(x, [7])),
    here() - 1,
  );
});

test('a constant that does not fill its shape', () => {
  assert.throws(
    () => t.constant([1, 2, 3], { shape: [2, 2] }),
    /^Error: constant: 3 values do not fill shape \[2, 2\]$/,
  );
});

test('a size that must be a number and is symbolic', () => {
  assert.throws(() => t.mean(free, [0]), /shape \[batch, 3\] has no static size at axis 0/);
  assert.throws(() => t.staticShape(free), /has the symbolic size "batch" where a number is needed/);
});
