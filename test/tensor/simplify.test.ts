import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { random } from '../../src/random.js';
import * as t from '../../src/tensor/index.js';

const draw = random(7);
const normal = (length: number): Float32Array => Float32Array.from({ length }, () => draw.normal());
const types = (program: t.Program): string[] => program.nodes.map((node) => node.type);

test('reshapes and transposes there and back are gone, one of several stays, and the numbers are the same', () => {
  const program = t.trace('moves', { x: t.spec([2, 3, 4]) }, ({ x }) => ({
    nothing: t.exp(t.unfold(t.fold(x), 2)),
    shorter: t.exp(t.reshape(t.reshape(t.reshape(x, [24]), [4, 6]), [12, 2])),
    undone: t.exp(t.transpose(t.transpose(x, [1, 2, 0]), [2, 0, 1])),
    kept: t.exp(t.transpose(t.transpose(x, [1, 2, 0]), [1, 2, 0])),
  }));
  const simple = t.simplify(program);
  assert.deepEqual(types(simple).sort(), ['Exp', 'Exp', 'Exp', 'Exp', 'Reshape', 'Transpose', 'Transpose']);
  assert.deepEqual(
    simple.outputs.map(([path, { shape }]) => [path, shape]),
    program.outputs.map(([path, { shape }]) => [path, shape]),
  );
});

test('a value and its gradients are the same to the bit, by a reshaped value too', async () => {
  const specs = { x: t.spec([6, 4]), w: t.spec([20]) };
  const build = ({ x, w }: t.Traced<typeof specs>) => {
    const weight = t.reshape(w, [5, 4]);
    const y = t.fold(t.gelu(t.unfold(t.matmulTransposed(x, weight), 2)));
    const [dx, dweight] = t.gradient(t.sum(t.mul(y, y)), [x, weight]);
    return { y, dx: dx as t.Tensor, dweight: t.reshape(dweight as t.Tensor, [20]) };
  };
  const program = t.trace('both', specs, build);
  const simple = t.simplify(program);
  assert.ok(simple.nodes.length < program.nodes.length);
  const x = new ort.Tensor('float32', normal(24), [6, 4]);
  const w = new ort.Tensor('float32', normal(20), [20]);
  // Run as they are: the engine simplifies whatever it is given.
  const [expected, found] = await Promise.all(
    [program, simple].map(async (each) => (await ort.InferenceSession.create(t.toOnnx(each))).run({ x, w })),
  );
  for (const name of ['out.y', 'out.dx', 'out.dweight'])
    assert.deepEqual(found?.[name]?.data, expected?.[name]?.data, name);
});
