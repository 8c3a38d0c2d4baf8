// Names and types of a program's inputs and outputs, and how values get their names in ONNX.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Value } from '../../src/engine/index.js';
import * as t from '../../src/tensor/index.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

const numbers = async (value: Value): Promise<number[]> => Array.from(await value.read(), Number);

test('nested inputs and outputs keep their names and types', async () => {
  const specs = { image: t.spec([2]), layer: { weight: t.spec([2]), bias: t.spec([]) } };
  const program = t.trace('nested', specs, ({ image, layer }) => ({
    y: t.add(t.mul(image, layer.weight), layer.bias),
    parts: { sum: t.sum(image) },
  }));
  assert.deepEqual(
    program.inputs.map(([path]) => path),
    ['image', 'layer.weight', 'layer.bias'],
  );
  assert.deepEqual(
    program.outputs.map(([path]) => path),
    ['y', 'parts.sum'],
  );
  const executable = await engine.compile(program);
  const results = await executable.run({ image: [1, 2], layer: { weight: [3, 4], bias: [10] } });
  // @ts-expect-error the program's type knows its outputs
  assert.equal(results.z, undefined);
  // @ts-expect-error … and its inputs
  await assert.rejects(executable.run({ image: [1, 2] }), /nested: input layer\.weight is missing/);
  assert.deepEqual(await numbers(results.y), [13, 18]);
  assert.deepEqual(await numbers(results.parts.sum), [3]);
  assert.deepEqual(results.parts.sum.shape, []);
});

test('an input that nothing uses stays an input', async () => {
  const program = t.trace('unused', { x: t.spec([1]), y: t.spec([1], 'int32') }, ({ x }) => ({
    z: t.neg(x),
  }));
  const executable = await engine.compile(program);
  assert.deepEqual(await numbers((await executable.run({ x: [1], y: [2] })).z), [-1]);
});

test('outputs that are an input, a constant, or the same tensor twice', async () => {
  const shared = t.constant([5, 6]);
  const large = t.constant(new Float32Array(20).fill(7));
  const program = t.trace('aliases', { x: t.spec([2]) }, ({ x }) => {
    const y = t.neg(x);
    return {
      x,
      again: x,
      shared,
      equal: t.constant([5, 6]),
      both: t.add(x, shared),
      large,
      largeAgain: large,
      y,
      yAgain: y,
      used: t.neg(y),
    };
  });
  const results = await (await engine.compile(program)).run({ x: [1, 2] });
  const read = Object.fromEntries(
    await Promise.all(Object.entries(results).map(async ([name, value]) => [name, await numbers(value)])),
  );
  assert.deepEqual(read, {
    x: [1, 2],
    again: [1, 2],
    shared: [5, 6],
    equal: [5, 6],
    both: [6, 8],
    large: new Array(20).fill(7),
    largeAgain: new Array(20).fill(7),
    y: [-1, -2],
    yAgain: [-1, -2],
    used: [1, 2],
  });
});

test('an output may be called like an input, and inputs like the values between', async () => {
  const specs = Object.fromEntries(['x', 'v0', 'v1', 'v2', 'v3'].map((name) => [name, t.spec([1])]));
  const program = t.trace('names', specs, (inputs) => {
    const x = inputs.x!;
    const total = Object.values(inputs).reduce((sum, input) => t.add(sum, input));
    return { x: t.exp(t.neg(t.sub(total, x))) };
  });
  const feeds = { x: [9], v0: [0.1], v1: [0.2], v2: [0.3], v3: [0.4] };
  const [value] = await numbers((await (await engine.compile(program)).run(feeds)).x!);
  assert.ok(Math.abs(value! - Math.exp(-1)) < 1e-6);
});

test('constants of every element type, empty axes lists and scalars', async () => {
  const program = t.trace('constants', { x: t.spec([], 'float64') }, ({ x }) => ({
    float64: t.mul(x, t.constant([0.1], { dtype: 'float64' })),
    float32: t.constant([0.5, -0.25]),
    int32: t.constant([-1, 2147483647], { dtype: 'int32' }),
    int64: t.constant([-1, 2 ** 40], { dtype: 'int64' }),
    bool: t.constant([1, 0], { dtype: 'bool' }),
    sum: t.sum(x, []),
  }));
  const results = await (await engine.compile(program)).run({ x: [3] });
  assert.deepEqual(await numbers(results.float64), [3 * 0.1]);
  assert.deepEqual(await numbers(results.float32), [0.5, -0.25]);
  assert.deepEqual(await numbers(results.int32), [-1, 2147483647]);
  assert.deepEqual(await numbers(results.int64), [-1, 2 ** 40]);
  assert.deepEqual(await numbers(results.bool), [1, 0]);
  assert.deepEqual(await numbers(results.sum), [3]);
  for (const [name, value] of Object.entries(results))
    assert.equal(value.dtype, name === 'sum' ? 'float64' : name);
});

test('one function traced twice gives the same bytes', () => {
  const trace = (): Uint8Array =>
    t.toOnnx(t.trace('sum', { x: t.spec([2, 3]) }, ({ x }) => ({ y: t.sum(t.mul(x, t.neg(x)), [1]) })));
  assert.deepEqual(trace(), trace());
});

test('mistakes in names', () => {
  const x = t.spec([1]);
  assert.throws(
    () => t.trace('twice', { 'a.b': x, a: { b: x } }, ({ a }) => ({ y: a.b })),
    /^Error: twice: two inputs or two outputs are called a\.b$/,
  );
  assert.throws(
    () => t.trace('bare', { x }, ({ x }) => t.neg(x)),
    /^Error: bare: inputs and outputs need names/,
  );
  assert.throws(
    () => t.toOnnx(t.trace('taken', { out: { y: x } }, ({ out }) => ({ y: t.neg(out.y) }))),
    /^Error: taken: input out\.y needs a name that does not begin with "out" or "constant"$/,
  );
});

test('a tensor of another program is refused', () => {
  const elsewhere: t.Tensor[] = [];
  t.trace('first', { x: t.spec([2, 3]) }, ({ x }) => {
    elsewhere.push(x, t.neg(x));
    return { x };
  });
  for (const stray of elsewhere)
    assert.throws(
      () => t.trace('second', { x: t.spec([2, 3]) }, ({ x }) => ({ y: t.add(x, stray) })),
      /^Error: second: uses the input of another program, of shape \[2, 3\]$/,
    );
});

test('nodes know where in the model they were traced', () => {
  const program = t.trace('scopes', { x: t.spec([2]) }, ({ x }) => {
    const loss = t.scope('encoder', () => t.sum(t.scope('block', () => t.exp(x))));
    return { dx: t.gradient(loss, [x])[0]! };
  });
  const scopes = Object.fromEntries(program.nodes.map((node) => [node.type, node.scope]));
  assert.equal(scopes.Exp, 'encoder/block');
  assert.equal(scopes.Expand, 'encoder/backward');
  assert.equal(scopes.Mul, 'encoder/block/backward');
  assert.equal(scopes.ReduceSum, undefined, 'only what the outputs need is kept');
});

test('costs: multiply-adds of matrix products, bytes alive at once', () => {
  const program = t.trace('cost', { x: t.spec([2, 5, 3]), w: t.spec([3, 4]) }, ({ x, w }) => {
    const y = t.scope('first', () => t.matmul(x, w));
    return { z: t.matmul(y, t.transposeLast(w)) };
  });
  const { multiplyAdds, peakBytes, inputBytes } = t.cost(program);
  assert.equal(multiplyAdds, 2 * 5 * 3 * 4 + 2 * 5 * 4 * 3);
  assert.equal(t.cost(program, ({ scope }) => scope === 'first').multiplyAdds, 2 * 5 * 3 * 4);
  assert.equal(inputBytes, 4 * (2 * 5 * 3 + 3 * 4));
  // y, the transposed weight and the result.
  assert.equal(peakBytes, 4 * (2 * 5 * 4 + 4 * 3 + 2 * 5 * 3));
});
