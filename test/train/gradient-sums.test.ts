import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { alone, type Ranks } from '../../src/ranks/ranks.js';
import { GradientSums } from '../../src/train/gradient-sums.js';
import { listGroups } from '../../src/train/update.js';
import { together } from '../ranks/together.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

const shapes = { encoder: { first: [3], large: [1024, 4096], last: [2, 2] }, predictor: { only: [5] } };
/** Gradients whose numbers tell rank, step, group and place. */
const gradients = (rank: number, step: number) => {
  let group = 0;
  const values = (part: Readonly<Record<string, number[]>>) =>
    Object.fromEntries(
      Object.entries(part).map(([name, shape]) => {
        const own = 100 * rank + 10 * step + group++;
        const numbers = new Float32Array(shape.reduce((a, b) => a * b)).map((_, i) => own + (i % 7));
        return [name, engine.value({ dtype: 'float32', shape }, numbers)];
      }),
    );
  return { encoder: values(shapes.encoder), predictor: values(shapes.predictor) };
};

test('sums are those of every group, of its shape, in few calls, step after step', async () => {
  const calls: number[] = [];
  const counted = (ranks: Ranks): Ranks => ({
    ...ranks,
    sum: (numbers) => {
      if (ranks.rank === 0) calls.push(numbers.length);
      return ranks.sum(numbers);
    },
  });
  await Promise.all(
    together(2).map(async (ranks) => {
      const sums = new GradientSums(engine, counted(ranks));
      for (const step of [0, 1]) {
        const summed = listGroups(await sums.of(gradients(ranks.rank, step)));
        assert.deepEqual(
          summed.map(({ part, group, value }) => [part, group, value.shape]),
          [
            ['encoder', 'first', [3]],
            ['encoder', 'large', [1024, 4096]],
            ['encoder', 'last', [2, 2]],
            ['predictor', 'only', [5]],
          ],
        );
        for (const [group, { value }] of summed.entries()) {
          const numbers = (await value.read()) as Float32Array;
          const right = 100 + 2 * (10 * step + group);
          assert.ok(numbers.every((number, i) => number === right + 2 * (i % 7)));
        }
      }
    }),
  );
  const [first, second] = [3 + 1024 * 4096, 4 + 5];
  assert.deepEqual(calls, [first, second, first, second], 'two buckets a step');
});

test('alone, gradients stay where they are', async () => {
  const own = gradients(0, 0);
  assert.equal(await new GradientSums(engine, alone).of(own), own);
});
