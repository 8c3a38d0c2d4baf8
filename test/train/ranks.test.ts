import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { openImages } from '../../src/data/images.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { UserError } from '../../src/errors.js';
import { alone, type Ranks } from '../../src/ranks/ranks.js';
import { type Config, resolve } from '../../src/run/config.js';
import { leaves, type Tree } from '../../src/tensor/index.js';
import { type Batch, Batches } from '../../src/train/batches.js';
import { rates } from '../../src/train/schedule.js';
import { ownPlaces, stepConfig, traceStep } from '../../src/train/step.js';
import { initialState, Trainer } from '../../src/train/trainer.js';
import { together } from '../ranks/together.js';
import { apart } from './apart.js';
import { tiny } from './tiny-run.js';

const engine = createEngine({ threads: 1 });
const images = await openImages(['synthetic:50'], { size: tiny['image.stored'] });
after(async () => {
  engine.dispose();
  await images.close();
});

const isNumbers = (value: unknown): value is Float32Array => ArrayBuffer.isView(value);

const STEPS = 20;
// Neither the images nor those of a batch divide by the ranks: 9 images a run are 2, 2, 2 and 3.
const configure = (more: object): Config =>
  resolve('demo', {
    ...tiny,
    'encoder.depth': 1,
    'predictor.depth': 1,
    batch: 18,
    accumulate: 2,
    ...more,
  });

const batchesOf = (config: Config, ranks: Ranks): Batches => {
  const { views } = stepConfig(config, ranks);
  const size = config.batch / config.accumulate;
  return new Batches(images, views, config.seed, size, undefined, ownPlaces(config, ranks));
};

/** Trains as one of several ranks. */
async function train(config: Config, ranks: Ranks) {
  const settings = stepConfig(config, ranks);
  const { state, frozenEncoder } = initialState(settings, config.seed);
  const options = { frozenEncoder, parted: ranks.size > 1, ranks };
  const trainer = await Trainer.create(engine, traceStep(settings), settings, state, options);
  const batches = batchesOf(config, ranks);
  const losses = [];
  for (let step = 0; step < STEPS; step++) {
    const fed = [];
    for (let run = 0; run < config.accumulate; run++)
      fed.push(await batches.get(step * config.accumulate + run));
    losses.push((await trainer.update(fed, rates(config, step))).loss);
  }
  return { losses, state: await trainer.state() };
}

describe(`weights after ${STEPS} steps do not depend on the number of ranks`, () => {
  for (const { size, frozen } of [
    { size: 4, frozen: false },
    { size: 2, frozen: true },
  ])
    test(`${size} ranks${frozen ? ', the encoder frozen' : ''}`, async () => {
      const config = configure({ 'encoder.frozen': frozen });
      const whole = await train(config, alone);
      const all = await Promise.all(together(size).map((ranks) => train(config, ranks)));
      for (const { state, losses } of all) {
        const off = apart(config, state.weights, whole.state.weights);
        assert.ok(off < 1e-5, `off by ${off.toExponential(1)} of the change`);
        losses.forEach((loss, i) => {
          assert.ok(Math.abs(loss / whole.losses[i]! - 1) < 1e-5, `step ${i + 1}: ${loss}`);
        });
        assert.deepEqual(state, all[0]!.state, 'every rank has the same bits');
      }
    });
});

test('together, ranks are fed the images, crops, jitters and masks of the whole batch, each its own part', async () => {
  const config = configure({});
  const digest = (batches: readonly Batch[]): string => {
    const hash = createHash('sha256');
    const arrays = batches.map((batch) => leaves(batch as unknown as Tree<Float32Array>, isNumbers));
    arrays[0]?.forEach(([path], i) => {
      hash.update(path);
      for (const each of arrays) hash.update(each[i]![1]);
    });
    return hash.digest('hex');
  };
  const whole = batchesOf(config, alone);
  for (const size of [2, 3, 4]) {
    const parts = together(size).map((ranks) => batchesOf(config, ranks));
    for (const number of [0, 7])
      assert.equal(
        digest(await Promise.all(parts.map((batches) => batches.get(number)))),
        digest([await whole.get(number)]),
      );
  }
});

test('more ranks than images in a run are refused, with what to change', () => {
  assert.throws(
    () => stepConfig(configure({}), { rank: 0, size: 10 }),
    (error) =>
      error instanceof UserError &&
      error.message ===
        '10 ranks cannot share 9 images (batch 18, accumulate 2): raise batch, lower accumulate, or start fewer ranks',
  );
});
