import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolve } from '../../src/run/config.js';
import * as t from '../../src/tensor/index.js';
import { numberText } from '../../src/tensor/stablehlo-text.js';
import { stepConfig, traceStep } from '../../src/train/step.js';
import { tiny } from '../train/tiny-run.js';
import { checkTypes } from './stablehlo-types.js';

const small = () =>
  t.trace('small', { x: t.spec(['batch', 3]), state: { w: t.spec([3]) } }, ({ x, state }) => ({
    y: t.mul(x, t.constant([1, 2.5, -3])),
    state: { w: t.add(state.w, 0.1) },
  }));

test('a program reads like this', () => {
  const text = t.toStableHlo(small(), {
    sizes: new Map([['batch', 2]]),
    donated: new Set(['state.w']),
  });
  assert.equal(
    text,
    `module {
  func.func public @main(%arg0: tensor<2x3xf32>, %arg1: tensor<3xf32> {tf.aliasing_output = 1 : i32}) -> (tensor<2x3xf32>, tensor<3xf32>) {
    %0 = stablehlo.constant dense<[1.0e+0, 2.5e+0, -3.0e+0]> : tensor<3xf32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [1] : (tensor<3xf32>) -> tensor<2x3xf32>
    %2 = stablehlo.multiply %arg0, %1 : tensor<2x3xf32>
    %3 = stablehlo.constant dense<1.0000000149011612e-1> : tensor<f32>
    %4 = stablehlo.broadcast_in_dim %3, dims = [] : (tensor<f32>) -> tensor<3xf32>
    %5 = stablehlo.add %arg1, %4 : tensor<3xf32>
    return %2, %5 : tensor<2x3xf32>, tensor<3xf32>
  }
}
`,
  );
  checkTypes(text);
});

test('for several devices it says what they share out, of inputs and of outputs', () => {
  const mesh = { devices: 2, shared: new Set(['x', 'y']) };
  const text = t.toStableHlo(small(), {
    sizes: new Map([['batch', 2]]),
    donated: new Set(['state.w']),
    mesh,
  });
  const lines = text.split('\n').slice(1, 3);
  assert.deepEqual(lines, [
    '  sdy.mesh @mesh = <["data"=2]>',
    '  func.func public @main(%arg0: tensor<2x3xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {}]>}, %arg1: tensor<3xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, jax.buffer_donor = true}) -> (tensor<2x3xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {}]>}, tensor<3xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}) {',
  ]);
});

test('the same program is the same text, whatever was traced before it', () => {
  const sizes = new Map([['batch', 4]]);
  const first = t.toStableHlo(small(), { sizes });
  t.trace('other', { x: t.spec([1]) }, ({ x }) => ({ y: t.exp(x) }));
  assert.equal(t.toStableHlo(small(), { sizes }), first);
});

test('a symbolic size that is not told is an error', () => {
  assert.throws(() => t.toStableHlo(small()), /^Error: stablehlo: the size of batch is not told$/);
});

test('a whole training step: every value is used as what it was written as', () => {
  const step = traceStep(stepConfig(resolve('demo', tiny)));
  checkTypes(t.toStableHlo(t.simplify(step) as never));
});

test('numbers keep their value: floats to the last bit, infinities by their bits', () => {
  for (const value of [0, 1, -1, 0.1, 1e-45, 3.4028234663852886e38, 5e-324, -123456.789])
    assert.equal(Number(numberText(value, 'f64')), value);
  assert.match(numberText(1, 'f32'), /^\d+\.\d+e/, 'MLIR reads no float without a point');
  assert.equal(numberText(Infinity, 'f32'), '0x7F800000');
  assert.equal(numberText(-Infinity, 'f32'), '0xFF800000');
  assert.equal(numberText(-Infinity, 'f64'), '0xFFF0000000000000');
  assert.equal(numberText(-7, 'i64'), '-7');
  assert.equal(numberText(1, 'i1'), 'true');
});
