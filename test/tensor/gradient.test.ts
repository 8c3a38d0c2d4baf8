// How gradients combine across a program; each operator's own rule is checked in operators.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as t from '../../src/tensor/index.js';
import { onEachDevice } from '../engine/each-device.js';

const derive = (loss: t.Tensor, by: t.Tensor): t.Tensor => t.gradient(loss, [by])[0]!;

onEachDevice((engine) => {
  /** The values of `build`'s tensors for x = [1, 2, 3] and w = [4, 5, 6], in float64. */
  async function values(
    build: (inputs: { x: t.Tensor; w: t.Tensor }) => Record<string, t.Tensor>,
  ): Promise<Record<string, number[]>> {
    const specs = { x: t.spec([3], 'float64'), w: t.spec([3], 'float64') };
    const executable = await engine.compile(t.trace('gradient', specs, build));
    const results = await executable.run({ x: [1, 2, 3], w: [4, 5, 6] });
    const read = Object.entries(results).map(async ([name, value]) => [
      name,
      Array.from(await value.read(), Number),
    ]);
    executable.dispose();
    return Object.fromEntries(await Promise.all(read));
  }

  test('a tensor used twice gets the sum of both uses', async () => {
    const { square, both, joined } = await values(({ x, w }) => ({
      square: derive(t.sum(t.mul(x, x)), x),
      both: derive(t.add(t.sum(t.mul(x, w)), t.sum(t.exp(x))), x),
      joined: derive(t.sum(t.mul(t.concat([x, x], 0), t.concat([w, x], 0))), x),
    }));
    assert.deepEqual(square, [2, 4, 6]);
    [1, 2, 3].forEach((x, i) => {
      assert.ok(Math.abs(both![i]! - ([4, 5, 6][i]! + Math.exp(x))) < 1e-12);
    });
    assert.deepEqual(joined, [4 + 2, 5 + 4, 6 + 6]);
  });

  test('with respect to an intermediate tensor, and to what lies before it, at once', async () => {
    const { byMiddle, byX, byLoss } = await values(({ x, w }) => {
      const middle = t.mul(x, w);
      const loss = t.sum(t.mul(middle, middle));
      const [byMiddle, byX, byLoss] = t.gradient(loss, [middle, x, loss]);
      return { byMiddle: byMiddle!, byX: byX!, byLoss: byLoss! };
    });
    assert.deepEqual(byMiddle, [8, 20, 36]);
    assert.deepEqual(byX, [32, 100, 216]);
    assert.deepEqual(byLoss, [1]);
  });

  test('a parameter the loss does not depend on gets zeros of its shape', async () => {
    const { unused, cut } = await values(({ x, w }) => {
      const loss = t.sum(t.mul(x, t.cast(t.cast(w, 'int32'), 'float64')));
      return { unused: derive(t.sum(x), w), cut: derive(loss, w) };
    });
    assert.deepEqual(unused, [0, 0, 0]);
    assert.deepEqual(cut, [0, 0, 0], 'nothing flows through whole numbers');
  });

  test('a part of a split that the loss leaves out gets zeros', async () => {
    const { slope } = await values(({ x }) => ({
      slope: derive(t.sum(t.mul(t.split(x, 0, [1, 1, 1])[1]!, 7)), x),
    }));
    assert.deepEqual(slope, [0, 7, 0]);
  });

  test('at ties: maximum and minimum give it to the second, max and min to all, relu and abs to none', async () => {
    const ties = await values(({ x }) => {
      const two = t.constant([2, 2, 2], { dtype: 'float64' });
      return {
        maximumFirst: derive(t.sum(t.maximum(x, two)), x),
        maximumSecond: derive(t.sum(t.maximum(two, x)), x),
        minimumFirst: derive(t.sum(t.minimum(x, two)), x),
        minimumSecond: derive(t.sum(t.minimum(two, x)), x),
        max: derive(t.max(t.minimum(two, x), 0), x),
        relu: derive(t.sum(t.relu(t.sub(x, two))), x),
        abs: derive(t.sum(t.abs(t.sub(x, two))), x),
      };
    });
    assert.deepEqual(ties, {
      maximumFirst: [0, 0, 1],
      maximumSecond: [0, 1, 1],
      minimumFirst: [1, 0, 0],
      minimumSecond: [1, 1, 0],
      max: [0, 1, 0],
      relu: [0, 0, 1],
      abs: [-1, 0, 1],
    });
  });

  test('a gradient has a gradient', async () => {
    const { second } = await values(({ x }) => ({
      second: derive(t.sum(derive(t.sum(t.mul(x, t.mul(x, x))), x)), x),
    }));
    assert.deepEqual(second, [6, 12, 18]);
  });

  test('attention over two heads with normalisation: central differences through the whole chain', async () => {
    const specs = { x: t.spec([2, 3, 4], 'float64'), w: t.spec([4, 12], 'float64') };
    const program = t.trace('attention', specs, ({ x, w }) => {
      const normal = t.standardise(x);
      const [q, k, v] = t
        .split(t.matmul(normal, w), -1, [4, 4, 4])
        .map((part) => t.transpose(t.reshape(part, [2, 3, 2, 2]), [0, 2, 1, 3])) as [
        t.Tensor,
        t.Tensor,
        t.Tensor,
      ];
      const weights = t.softmax(t.mul(t.matmul(q, t.transposeLast(k)), Math.SQRT1_2));
      const mixed = t.reshape(t.transpose(t.matmul(weights, v), [0, 2, 1, 3]), [2, 3, 4]);
      const y = t.add(x, mixed);
      const loss = t.mean(t.mul(y, t.tanh(y)));
      const [dx, dw] = t.gradient(loss, [x, w]);
      return { loss, dx: dx!, dw: dw! };
    });
    const executable = await engine.compile(program);
    const wave = (length: number, pace: number) =>
      Array.from({ length }, (_, i) => Math.sin(1 + pace * i * i));
    const feeds = { x: wave(24, 0.7), w: wave(48, 0.3) };
    const { dx, dw } = await executable.run(feeds);
    const loss = async () => Number((await (await executable.run(feeds)).loss.read())[0]);
    for (const [numbers, slopes] of [
      [feeds.x, await dx.read()],
      [feeds.w, await dw.read()],
    ] as const)
      for (const [i, value] of numbers.entries()) {
        numbers[i] = value + 1e-5;
        const above = await loss();
        numbers[i] = value - 1e-5;
        const below = await loss();
        numbers[i] = value;
        const difference = (above - below) / 2e-5;
        assert.ok(Math.abs(Number(slopes[i]) - difference) < 1e-6, `${i}: ${slopes[i]}, not ${difference}`);
      }
  });
});

test('only a scalar has a gradient', () => {
  assert.throws(
    () => t.trace('loss', { x: t.spec([2, 3]) }, ({ x }) => ({ dx: derive(t.sum(x, [0]), x) })),
    /^Error: gradient: the loss has shape \[3\], not \[\]$/,
  );
});
