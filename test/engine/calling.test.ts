import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { take, type Value } from '../../src/engine/index.js';
import { createXla } from '../../src/engine/xla/xla-engine.js';
import {
  add,
  type CallCost,
  call,
  cost,
  gradient,
  mean,
  mul,
  spec,
  sub,
  type Tensor,
  toOnnx,
  trace,
} from '../../src/tensor/index.js';

/** y = x² + 1, any number of rows. */
const square = toOnnx(trace('square', { x: spec(['rows', 3]) }, ({ x }) => ({ y: add(mul(x, x), 1) })));
const engine = createEngine({ threads: 1, models: { square } });
after(() => engine.dispose());

const free: CallCost = { multiplyAdds: 0, bytes: 0 };
const squared = (x: Tensor, what = free): Tensor =>
  call({ name: 'square', output: 'out.y' }, x, spec(x.shape), what);

test('a program runs what it calls in its place, once or several times, whatever the sizes are', async () => {
  const specs = { x: spec(['batch', 3]), unused: spec([1]) };
  const executable = await engine.compile(
    trace('twice', specs, ({ x }) => {
      const once = squared(mul(x, 2));
      return { once, twice: squared(sub(once, x)), x };
    }),
  );
  for (const x of [
    [1, 2, 3],
    [0, -1, 0.5, 3, 2, 1],
  ]) {
    const results = await executable.run({ x, unused: [0] });
    const once = x.map((value) => (2 * value) ** 2 + 1);
    assert.deepEqual([...(await take(results.once))], once);
    const twice = x.map((value, i) => ((once[i] as number) - value) ** 2 + 1);
    assert.deepEqual([...(await take(results.twice))], twice);
    assert.deepEqual([...(await take(results.x))], x);
  }
  executable.dispose();
});

test('a step learns on what is called, and updates its state in place', async () => {
  const specs = { x: spec([2, 3]), weight: spec([3]) };
  const executable = await engine.compile(
    trace('step', specs, ({ x, weight }) => {
      const error = sub(mul(squared(x), weight), 1);
      const [slope] = gradient(mean(mul(error, error)), [weight]);
      return { weight: sub(weight, mul(slope as Tensor, 0.1)), loss: mean(mul(error, error)) };
    }),
    { updates: 'weight' },
  );
  const weight = engine.value({ dtype: 'float32', shape: [3] });
  const losses: number[] = [];
  for (let step = 0; step < 40; step++) {
    const results = await executable.run({ x: [1, 0, 0.5, 1, 0, 0.5], weight });
    losses.push(Number((await take(results.loss as Value))[0]));
  }
  // What is called gives 2, 1 and 1.25 for these.
  const learned = [...(await weight.read())].map(Number);
  assert.ok(Math.abs((learned[0] as number) - 0.5) < 1e-3, `${learned}`);
  assert.ok((losses.at(-1) as number) < 0.01 * (losses[0] as number));
});

test('what a call takes is counted by what it says of itself', () => {
  const counted = (what: CallCost) =>
    cost(trace('counted', { x: spec([2, 3]) }, ({ x }) => ({ y: squared(x, what) })));
  assert.equal(counted(free).multiplyAdds, 0);
  assert.equal(counted({ multiplyAdds: 50, bytes: 0 }).multiplyAdds, 50);
  assert.equal(counted({ multiplyAdds: 0, bytes: 1000 }).peakBytes - counted(free).peakBytes, 1000);
});

test('a model that was not given is named, and XLA has none', async () => {
  const other = createEngine({ threads: 1 });
  const executable = await other.compile(trace('lost', { x: spec([1, 3]) }, ({ x }) => ({ y: squared(x) })));
  await assert.rejects(
    executable.run({ x: [1, 2, 3] }),
    /a program calls square, a model that it was not given/,
  );
  other.dispose();
  assert.throws(
    () => createXla({ device: 'cuda', models: { square } }, 'no plugin'),
    /^UserError: --device cuda cannot run an encoder that is an ONNX file; use --device cpu or webgpu, or give the encoder as weights$/,
  );
});
