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
import { ownRuns } from '../../src/train/own-runs.js';
import { rates } from '../../src/train/schedule.js';
import { stepConfig, traceStep } from '../../src/train/step.js';
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
// Neither the images nor those of a batch divide by four ranks: 18 images are 4, 5, 4 and 5, where one process runs 6 × 3.
const configure = (more: object): Config =>
  resolve('demo', {
    ...tiny,
    'encoder.depth': 1,
    'predictor.depth': 1,
    batch: 18,
    accumulate: 6,
    ...more,
  });

const batchesOf = (config: Config, ranks: Ranks): Batches => {
  const { views } = stepConfig(config, ranks);
  const size = config.batch / config.accumulate;
  return new Batches(images, views, config.seed, size, undefined, ownRuns(config, ranks));
};

/** Trains as one of several ranks. */
async function train(config: Config, ranks: Ranks) {
  const settings = stepConfig(config, ranks);
  const options = { parted: ranks.size > 1, ranks };
  const start = initialState(settings, config.seed);
  const trainer = await Trainer.create(engine, traceStep(settings), settings, start, options);
  const batches = batchesOf(config, ranks);
  const losses = [];
  for (let step = 0; step < STEPS; step++) {
    const fed = [];
    const { runs } = ownRuns(config, ranks);
    for (let run = 0; run < runs; run++) fed.push(await batches.get(step * runs + run));
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
      const config = configure({ 'encoder.trained': frozen ? 'none' : 'all' });
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

test('ranks share out a batch in order, in runs that are equal and no larger than those of one process', () => {
  for (const [batch, accumulate, size] of [
    [18, 6, 4],
    [64, 1, 3],
    [2048, 512, 8],
    [7, 7, 2],
  ] as const) {
    const all = together(size).map((ranks) => ownRuns({ batch, accumulate }, ranks));
    let next = 0;
    for (const own of all) {
      assert.equal(own.first, next);
      assert.ok(own.size <= batch / accumulate && Number.isInteger(own.size));
      next += own.runs * own.size;
    }
    assert.equal(next, batch);
  }
  assert.deepEqual(ownRuns({ batch: 12, accumulate: 3 }, alone), { first: 0, runs: 3, size: 4, batch: 12 });
});

test('together, ranks are fed the images, crops, jitters and masks of the whole batch, each its own part', async () => {
  const config = configure({});
  /** Of all that a step is fed, image after image. */
  const digest = async (all: readonly Ranks[], step: number): Promise<string> => {
    const fed: Batch[] = [];
    for (const ranks of all) {
      const { runs } = ownRuns(config, ranks);
      for (let run = 0; run < runs; run++) fed.push(await batchesOf(config, ranks).get(step * runs + run));
    }
    const arrays = fed.map((batch) => leaves(batch as unknown as Tree<Float32Array>, isNumbers));
    const hash = createHash('sha256');
    for (const [i, [path]] of arrays[0]!.entries()) {
      hash.update(path);
      for (const each of arrays) hash.update(each[i]![1]);
    }
    return hash.digest('hex');
  };
  for (const step of [0, 3]) {
    const whole = await digest([alone], step);
    for (const size of [2, 3, 4]) assert.equal(await digest(together(size), step), whole);
  }
});

test('more ranks than images are refused, with what to change', () => {
  assert.throws(
    () => stepConfig(configure({}), { rank: 0, size: 20 }),
    (error) =>
      error instanceof UserError &&
      error.message === '20 ranks cannot share a batch of 18: raise batch, or start fewer ranks',
  );
});
