import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Executable, Value } from '../../src/engine/index.js';
import * as t from '../../src/tensor/index.js';
import { onEachDevice } from './each-device.js';

const numbers = async (value: Value): Promise<number[]> => Array.from(await value.read(), Number);
const specs = { x: t.spec([2, 3]), k: t.spec([2], 'int32') };
const scale = t.trace('scale', specs, ({ x, k }) => ({
  y: t.mul(x, 2),
  nested: { k: t.add(k, k) },
}));
const x = [1, 2, 3, 4, 5, 6];
const doubled = [2, 4, 6, 8, 10, 12];

onEachDevice((engine, device) => {
  const floats = (shape: readonly number[], data?: t.TensorData): Value =>
    engine.value({ dtype: 'float32', shape }, data);
  let executable: Executable<typeof specs, typeof scale.outputTree>;
  before(async () => {
    executable = await engine.compile(scale);
  });

  describe('feeds', () => {
    test('plain numbers, typed arrays and values of the engine mean the same', async () => {
      for (const feed of [x, Float32Array.from(x), floats([2, 3], Float32Array.from(x))]) {
        const results = await executable.run({ x: feed, k: [1, -1] });
        assert.deepEqual(await numbers(results.y), doubled);
        assert.deepEqual(await numbers(results.nested.k), [2, -2]);
      }
    });

    const wrong: Readonly<Record<string, readonly [object, RegExp]>> = {
      missing: [{ x }, /^Error: scale: input k is missing$/],
      'none of the program': [{ x, k: [1, 2], extra: [1] }, /^Error: scale: there is no input extra$/],
      'too short': [{ x: [1, 2], k: [1, 2] }, /^Error: scale: input x has 2 numbers, shape is \[2,3\]$/],
      'too long': [{ x, k: [1, 2, 3] }, /^Error: scale: input k has 3 numbers, shape is \[2\]$/],
      'of another type': [
        { x: Float64Array.from(x), k: [1, 2] },
        /^Error: scale: input x is Float64Array, not Float32Array \(float32\)$/,
      ],
      'integers for floats': [
        { x: Int32Array.from(x), k: [1, 2] },
        /^Error: scale: input x is Int32Array, not Float32Array \(float32\)$/,
      ],
      'a value of another shape': [
        { x: floats([3, 2]), k: [1, 2] },
        /^Error: scale: input x is float32\[3,2\], not float32\[2,3\]$/,
      ],
      'a value of another type': [
        { x, k: floats([2]) },
        /^Error: scale: input k is float32\[2\], not int32\[2\]$/,
      ],
    };
    for (const [what, [feeds, message]] of Object.entries(wrong))
      test(`an input ${what} is named`, async () => {
        await assert.rejects(executable.run(feeds as { x: number[]; k: number[] }), message);
      });
  });

  describe('values', () => {
    test('hold what they are given, or zeros', async () => {
      const value = floats([2, 3], Float32Array.from(x));
      assert.deepEqual(await numbers(value), x);
      assert.deepEqual(await numbers(engine.value({ dtype: 'int64', shape: [2] })), [0, 0]);
      assert.deepEqual(value.shape, [2, 3]);
      assert.equal(value.dtype, 'float32');
    });

    test('results of one run survive the next', async () => {
      const first = await executable.run({ x, k: [1, 2] });
      await executable.run({ x: [0, 0, 0, 0, 0, 0], k: [0, 0] });
      assert.deepEqual(await numbers(first.y), doubled);
    });

    test('must be filled exactly', () => {
      assert.throws(() => floats([2], new Float32Array(3)));
      assert.throws(() => floats([2], new Float64Array(2)));
    });
  });

  describe('what a program updates', () => {
    const specs = { state: { a: t.spec([2]), b: t.spec([]) }, by: t.spec([]) };
    const count = t.trace('count', specs, ({ state, by }) => ({
      state: { a: t.add(t.mul(state.a, 2), by), b: t.sub(state.b, 1) },
      before: state.a,
    }));

    test('is in the values that were fed, from step to step; other outputs are as they were', async () => {
      const step = await engine.compile(count, { updates: 'state' });
      const state = { a: floats([2], Float32Array.of(1, 2)), b: floats([], Float32Array.of(5)) };
      const expected = [1, 2];
      const seen: Value[] = [];
      for (let i = 0; i < 20; i++) {
        const results = await step.run({ state, by: [i] });
        assert.equal(results.state.a, state.a);
        assert.deepEqual(await numbers(results.before), expected);
        seen.push(results.before);
        expected.forEach((value, at) => {
          expected[at] = value * 2 + i;
        });
        assert.deepEqual(await numbers(state.a), expected);
        assert.deepEqual(await numbers(state.b), [4 - i]);
      }
      assert.deepEqual(await numbers(seen[0]!), [1, 2], 'what a run gave survives later ones');
    });

    test('can be several values in turn, also of other sizes', async () => {
      const specs = { x: t.spec(['size']), by: t.spec([]) };
      const program = t.trace('grow', specs, ({ x, by }) => ({ x: t.add(x, by) }));
      const grow = await engine.compile(program, { updates: 'x' });
      const [few, many] = [floats([2], Float32Array.of(1, 2)), floats([3], Float32Array.of(1, 2, 3))];
      for (let i = 0; i < 3; i++) for (const x of [few, many]) await grow.run({ x, by: [10] });
      assert.deepEqual(await numbers(few), [31, 32]);
      assert.deepEqual(await numbers(many), [31, 32, 33]);
    });

    test('may be an input as it is, or a constant', async () => {
      const own = { x: t.spec([2]), one: t.spec([2]) };
      const program = t.trace('pass', { state: own }, ({ state }) => ({
        state: { x: state.x, one: t.constant([1, 1]) },
      }));
      const state = { x: floats([2], Float32Array.of(3, 4)), one: floats([2]) };
      await (await engine.compile(program, { updates: 'state' })).run({ state });
      assert.deepEqual(await numbers(state.x), [3, 4]);
      assert.deepEqual(await numbers(state.one), [1, 1]);
    });

    test('mistakes are errors', async () => {
      const step = await engine.compile(count, { updates: 'state' });
      const b = floats([]);
      await assert.rejects(
        step.run({ state: { a: [1, 2], b }, by: [1] }),
        /^Error: count: input state\.a is updated: feed a value of the engine$/,
      );
      await assert.rejects(
        engine.compile(count, { updates: 'weights' }),
        /^Error: count: there is no output weights$/,
      );
      await assert.rejects(
        engine.compile(scale, { updates: 'y' }),
        /^Error: scale: output y is not what an input is, so it cannot update it$/,
      );
    });
  });

  describe('a symbolic batch', () => {
    const specs = {
      images: t.spec(['batch', 4, 6]),
      weight: t.spec([6, 6]),
      positions: t.spec(['batch', 2], 'int32'),
    };
    const program = t.trace('encode', specs, ({ images, weight, positions }) => {
      const [a, b] = t.split(t.softmax(t.matmul(t.standardise(images), weight)), -1, [2, 4]);
      const heads = t.transpose(t.reshape(b!, ['batch', 4, 2, 2]), [0, 2, 1, 3]);
      return {
        flat: t.reshape(images, [t.times('batch', 4), 6]),
        chosen: t.gatherTokens(t.concat([a!, images], 2), positions),
        heads: t.add(heads, t.max(heads, -1, true)),
        pooled: t.mean(images, [1]),
      };
    });

    test('runs at two batch sizes, each image as it would be alone', async () => {
      const encode = await engine.compile(program);
      const images = Float32Array.from({ length: 72 }, (_, i) => Math.sin(i * i));
      const weight = Float32Array.from({ length: 36 }, (_, i) => Math.cos(i * 3));
      const positions = [3, 0, 1, 1, 2, 3];
      const all = await encode.run({ images, weight, positions });
      assert.deepEqual(all.flat.shape, [12, 6]);
      assert.deepEqual(all.chosen.shape, [3, 2, 8]);
      assert.deepEqual(all.heads.shape, [3, 2, 4, 2]);
      assert.deepEqual(all.pooled.shape, [3, 6]);
      for (const i of [0, 1, 2]) {
        const one = await encode.run({
          images: images.slice(24 * i, 24 * (i + 1)),
          weight,
          positions: positions.slice(2 * i, 2 * (i + 1)),
        });
        assert.deepEqual(one.heads.shape, [1, 2, 4, 2]);
        for (const name of ['flat', 'chosen', 'heads', 'pooled'] as const) {
          const alone = await numbers(one[name]);
          const among = (await numbers(all[name])).slice(alone.length * i, alone.length * (i + 1));
          alone.forEach((value, at) => {
            assert.ok(Math.abs(value - among[at]!) < 1e-6, `${name} ${at}`);
          });
        }
      }
    });

    test('data that is no whole number of images is refused', async () => {
      const encode = await engine.compile(program);
      await assert.rejects(
        encode.run({ images: new Float32Array(25), weight: new Float32Array(36), positions: [0, 1] }),
        /^Error: encode: input images has 25 numbers, shape is \[batch,4,6\]$/,
      );
    });
  });

  test('what is disposed can be disposed again, and does not run', async () => {
    const own = createEngine({ threads: 1, device });
    const [first, second] = [await own.compile(scale), await own.compile(scale)];
    first.dispose();
    first.dispose();
    await assert.rejects(first.run({ x, k: [1, 2] }), /disposed/);
    const { y } = await second.run({ x, k: [1, 2] });
    own.dispose();
    own.dispose();
    await assert.rejects(second.run({ x, k: [1, 2] }), /disposed/);
    assert.deepEqual(await numbers(y), doubled, 'results outlive the program that made them');
    y.dispose();
    await assert.rejects(y.read(), /disposed/);
  });

  test('half precision is bits: out by a cast, in by a cast', async () => {
    const out = t.trace('narrow', { x: t.spec([6]) }, ({ x }) => ({ half: t.cast(x, 'float16') }));
    // 2⁻²⁴ is the smallest half, 65504 the largest; the bits are those of IEEE 754.
    const given = [1, 0.1, 65504, -2, 2 ** -24, 1 / 3];
    const { half } = await (await engine.compile(out)).run({ x: given });
    const bits = await half.read();
    assert.ok(bits instanceof Uint16Array);
    assert.deepEqual([...bits], [0x3c00, 0x2e66, 0x7bff, 0xc000, 0x0001, 0x3555]);
    const back = t.trace('widen', { half: t.spec([6], 'float16') }, (inputs) => ({
      x: t.cast(inputs.half, 'float32'),
    }));
    const { x: wide } = await (await engine.compile(back)).run({ half: bits });
    assert.deepEqual(await numbers(wide), [1, 0.0999755859375, 65504, -2, 2 ** -24, 0.333251953125]);
    assert.throws(() => t.constant(1, { dtype: 'float16' }), /cast a float32 constant/);
  });
});

test('one and two threads agree; less than one is refused', async () => {
  const program = t.trace('product', { a: t.spec([64, 96]), b: t.spec([96, 80]) }, ({ a, b }) => ({
    y: t.softmax(t.matmul(a, b)),
  }));
  const wave = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * i));
  const results: number[][] = [];
  for (const threads of [1, 2]) {
    const own = createEngine({ threads });
    assert.equal(own.threads, threads);
    const product = await own.compile(program);
    results.push(await numbers((await product.run({ a: wave(64 * 96), b: wave(96 * 80) })).y));
    own.dispose();
  }
  results[0]!.forEach((value, i) => {
    assert.ok(Math.abs(value - results[1]![i]!) < 1e-6);
  });
  for (const threads of [0, -1, 1.5])
    assert.throws(() => createEngine({ threads }), /^Error: engine: .* threads; give 1 or more$/);
});
