import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cosine, rates } from '../../src/train/schedule.js';

const plan = {
  steps: 100,
  optimiser: {
    learningRate: 0.002,
    warmup: 0.1,
    final: 0.01,
    betas: [0.9, 0.95] as [number, number],
    weightDecay: [0.04, 0.4] as [number, number],
    clip: 1,
  },
  ema: [0.98, 1] as [number, number],
};
const all = Array.from({ length: plan.steps }, (_, step) => rates(plan, step));
const learningRates = all.map(({ learningRate }) => learningRate);
const near = (actual: number | undefined, wanted: number, what: string): void =>
  assert.ok(
    Math.abs(actual! - wanted) < 1e-12 * Math.max(1, Math.abs(wanted)),
    `${what}: ${actual}, not ${wanted}`,
  );

test('the learning rate rises by equal steps to its peak, reached at the first step after the warm-up', () => {
  let rising = 0;
  for (let step = 0; step <= 10; step++) {
    rising += 0.002 / 11;
    near(learningRates[step], rising, `step ${step}`);
  }
  near(Math.max(...learningRates), 0.002, 'peak');
});

test('after the warm-up the learning rate follows half a cosine to its final share', () => {
  // ½ (1 + cos πp) = cos²(πp / 2)
  for (let step = 10; step < 100; step++) {
    const share = Math.cos((Math.PI / 2) * ((step - 10) / 89)) ** 2;
    near(learningRates[step], 0.002 * (share + 0.01 * (1 - share)), `step ${step}`);
  }
  near(learningRates.at(-1), 0.00002, 'last');
  // Half way between peak and end the rate is half way too.
  near(cosine(0.002, 0.00002, 0.5), 0.00101, 'half way');
});

test('weight decay and the share of the target encoder go from their first to their last value over all steps', () => {
  near(all[0]!.weightDecay, 0.04, 'first decay');
  near(all.at(-1)!.weightDecay, 0.4, 'last decay');
  near(all[0]!.momentum, 0.98, 'first share');
  near(all.at(-1)!.momentum, 1, 'last share');
  for (let step = 0; step < 100; step++) {
    const sine = Math.sin((Math.PI / 2) * (step / 99)) ** 2;
    near(all[step]!.weightDecay, 0.04 + 0.36 * sine, `decay at step ${step}`);
    near(all[step]!.momentum, 0.98 + (0.02 / 99) * step, `share at step ${step}`);
  }
});

test('a correction undoes what starting from zero does to a running average', () => {
  let mean = 0;
  let variance = 0;
  for (const { meanCorrection, varianceCorrection } of all) {
    mean = 0.9 * mean + 0.1 * 3;
    variance = 0.95 * variance + 0.05 * 9;
    near(mean * meanCorrection, 3, 'mean of a constant 3');
    near(variance * varianceCorrection, 9, 'mean of its square');
  }
});

test('no warm-up, nothing but warm-up, and a single step', () => {
  const at = (warmup: number, steps: number, step: number): number =>
    rates({ ...plan, steps, optimiser: { ...plan.optimiser, warmup } }, step).learningRate;
  near(at(0, 100, 0), 0.002, 'first of a run without warm-up');
  near(at(0, 100, 99), 0.00002, 'its last');
  near(at(1, 3, 0), 0.0005, 'first of nothing but warm-up');
  near(at(1, 3, 2), 0.0015, 'its last');
  near(at(0.1, 1, 0), 0.002, 'a single step');
  const single = rates({ ...plan, steps: 1 }, 0);
  assert.ok(Object.values(single).every(Number.isFinite));
});
