// What becomes of a program's weights on the way out: written into it, and stored in fewer bits.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Value } from '../../src/engine/index.js';
import { fixInputs } from '../../src/export/fix-inputs.js';
import { storeSmaller } from '../../src/export/store-smaller.js';
import { random } from '../../src/random.js';
import * as t from '../../src/tensor/index.js';
import { close } from './run-onnx.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());
const draw = random(7);
const noise = (count: number): Float32Array => Float32Array.from({ length: count }, () => draw.normal());

const specs = { x: t.spec(['batch', 32]), layer: { weight: t.spec([48, 32]), bias: t.spec([48]) } };
const program = t.trace('layer', specs, ({ x, layer }) => {
  const weight = t.mul(layer.weight, 2);
  return {
    y: t.add(t.matmulTransposed(x, weight), layer.bias),
    bias: layer.bias,
    shape: t.reshape(layer.bias, [6, 8]),
  };
}) as unknown as t.Program;
const weights = { weight: noise(48 * 32), bias: noise(48) };
const given = new Map([
  ['layer.weight', weights.weight],
  ['layer.bias', weights.bias],
]);
const x = noise(3 * 32);

async function run(of: t.Program, feeds: unknown): Promise<Record<string, Float32Array>> {
  const executable = await engine.compile(of);
  const results = (await executable.run(feeds as never)) as Record<string, Value>;
  const read = Object.entries(results).map(async ([name, value]) => [name, await value.read()] as const);
  return Object.fromEntries(await Promise.all(read)) as Record<string, Float32Array>;
}

test('inputs that are given for good are no inputs any more, and what follows from them is computed', async () => {
  const fixed = await fixInputs(program, given, engine);
  assert.deepEqual(
    fixed.inputs.map(([path]) => path),
    ['x'],
  );
  assert.deepEqual(
    fixed.nodes.map(({ type }) => type),
    ['MatMul', 'Add'],
  );
  const expected = await run(program, { x, layer: weights });
  const found = await run(fixed, { x });
  for (const name of ['bias', 'shape']) assert.deepEqual(found[name], expected[name]);
  close(found.y!, expected.y!, 1e-6);
});

test('nothing given: the same program', async () => {
  const fixed = await fixInputs(program, new Map(), engine);
  assert.deepEqual(fixed.inputs, program.inputs);
  assert.deepEqual(fixed.nodes, program.nodes);
});

test('matrices in 16 and 8 bits are off by no more than half a unit', async () => {
  const whole = await fixInputs(program, given, engine);
  const read = (of: t.Program) => {
    const identity = new Float32Array(32 * 32);
    for (let i = 0; i < 32; i++) identity[33 * i] = 1;
    return run(of, { x: identity });
  };
  const exact = (await read(whole)).y!;
  const halves = (await read(await storeSmaller(whole, 'float16', engine))).y!;
  const eighths = (await read(await storeSmaller(whole, 'int8', engine))).y!;
  for (let column = 0; column < 48; column++) {
    const own = Array.from({ length: 32 }, (_, row) => exact[row * 48 + column]! - weights.bias[column]!);
    const unit = Math.max(...own.map(Math.abs)) / 127;
    own.forEach((value, row) => {
      const at = row * 48 + column;
      assert.ok(Math.abs(halves[at]! - exact[at]!) <= Math.abs(value) * 2 ** -11 + 1e-6, `half ${at}`);
      assert.ok(Math.abs(eighths[at]! - exact[at]!) <= unit / 2 + 1e-6, `int8 ${at}`);
    });
  }
  assert.notDeepEqual(halves, exact);
  const bytes = async (precision: 'float32' | 'float16' | 'int8'): Promise<number> =>
    t.toOnnx(await storeSmaller(whole, precision, engine)).length;
  const saved = (await bytes('float32')) - (await bytes('float16'));
  assert.ok(Math.abs(saved - 2 * 48 * 32) < 256, `${saved} bytes saved`);
});

test('a matrix of zeros, and vectors, which stay as they are', async () => {
  const zero = t.constant(new Float32Array(64 * 32), { shape: [32, 64] });
  const zeros = t.trace('zeros', { x: t.spec([1, 32]) }, (inputs) => ({
    y: t.add(t.matmul(inputs.x, zero), t.constant(new Float32Array(64).fill(0.1))),
  })) as unknown as t.Program;
  const stored = await storeSmaller(zeros, 'int8', engine);
  const { y } = await run(stored, { x: x.slice(0, 32) });
  assert.deepEqual(y, new Float32Array(64).fill(0.1));
});

test('a row for each of a symbolic number of others', async () => {
  const repeated = t.trace('repeated', { x: t.spec(['batch', 2]), one: t.spec([1, 3, 1]) }, (inputs) => ({
    y: t.repeatFor(inputs.one, inputs.x),
  })) as unknown as t.Program;
  assert.deepEqual(repeated.outputs[0]?.[1].shape, ['batch', 3, 1]);
  for (const rows of [1, 4]) {
    const { y } = await run(repeated, { x: new Float32Array(2 * rows), one: Float32Array.of(5, 6, 7) });
    assert.deepEqual([...y!], Array.from({ length: rows }, () => [5, 6, 7]).flat());
  }
  const text = t.toStableHlo(repeated, { sizes: new Map([['batch', 4]]) });
  assert.match(text, /tensor<4x3x1xf32>/);
});
