import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Config, resolve } from '../../src/run/config.js';
import { demands } from '../../src/train/estimate.js';
import { measuringCosts, planHealth } from '../../src/train/health-plan.js';
import { stepConfig, traceStep } from '../../src/train/step.js';

const labels = new Int32Array(1);
const many = { heldOut: { length: 512, labels }, bank: { length: 4096, labels } };
const stepOf = (config: Config): number => {
  const settings = stepConfig(config);
  return demands(traceStep(settings), settings, 2 ** 60).multiplyAdds;
};
const planOf = (config: Config, sets: Parameters<typeof planHealth>[2] = many) =>
  planHealth(config, stepOf(config), sets);

/** Multiply-adds of an encoder's pass over one whole image, by hand: patches, projections, attention and MLP. */
function encoderCost({ encoder, image }: Config): number {
  const tokens = (image.size / image.patch) ** 2;
  const { width, depth } = encoder;
  const patches = tokens * 3 * image.patch ** 2 * width;
  return patches + depth * (12 * tokens * width ** 2 + 2 * tokens ** 2 * width);
}

test('what measuring costs is what encoding so many images does', () => {
  for (const preset of ['demo', 'cifar', 'small']) {
    const config = resolve(preset);
    const { features, ranks } = measuringCosts(config);
    const one = encoderCost(config);
    // Views that are resized are products too, small ones.
    assert.ok(features >= one && features < 1.1 * one, `${preset}: ${features} of ${one}`);
    assert.ok(ranks > 257 * one && ranks < 330 * one, `${preset}: ${ranks / one} encoder passes`);
  }
});

describe('a plan', () => {
  test('takes at most a twentieth of the steps, whatever the preset and the length of the run', () => {
    for (const preset of ['demo', 'cifar', 'small'])
      for (const steps of [1, 3, 20, 200, 1000, 10_000]) {
        const config = resolve(preset, { steps });
        const step = stepOf(config);
        const plan = planHealth(config, step, many);
        if (plan === undefined) continue;
        const { features, ranks } = measuringCosts(config);
        const panels = 1 + Math.ceil(steps / plan.every);
        const cost = panels * (plan.ranked * ranks + (plan.asked + plan.bank) * features);
        assert.ok(Math.abs(cost / plan.multiplyAdds - 1) < 1e-9);
        assert.ok(cost <= 0.05 * steps * step, `${preset}, ${steps} steps: ${cost / steps / step}`);
        assert.ok(plan.ranked >= 2 && plan.ranked <= 64);
      }
  });

  test('counts the features of an encoder that is not trained once', () => {
    const config = resolve('demo', { 'health.images': 20, 'health.every': 600, 'encoder.trained': 'none' });
    const { ranked, asked, bank, multiplyAdds } = planOf(config) ?? assert.fail('no plan');
    const { features, ranks } = measuringCosts(config);
    assert.equal(multiplyAdds, 5 * ranked * ranks + (asked + bank) * features);
  });

  test('there is none for a few steps, a full one for a long run', () => {
    assert.equal(planOf(resolve('small', { steps: 3 })), undefined);
    assert.equal(planOf(resolve('vit-b16', { steps: 3, batch: 4, accumulate: 1 })), undefined);
    const { every, ranked, asked, bank } = planOf(resolve('small')) ?? {};
    assert.deepEqual([every, ranked, asked, bank], [10_000, 64, 512, 4096]);
  });

  test('grows with the run', () => {
    const ranked = [200, 1000, 5000, 20_000].map(
      (steps) => planOf(resolve('cifar', { steps, 'health.every': steps }))?.ranked ?? 0,
    );
    assert.deepEqual(
      ranked,
      [...ranked].sort((a, b) => a - b),
    );
    assert.ok((ranked[3] as number) > (ranked[0] as number));
  });

  test('keeps to what is set, whatever it costs', () => {
    const images = planOf(resolve('small', { steps: 3, 'health.images': 40 }));
    assert.deepEqual([images?.ranked, images?.every], [40, 3]);
    assert.equal(planOf(resolve('small', { steps: 3, 'health.every': 1 }))?.every, 1);
    const both = planOf(resolve('cifar', { 'health.every': 7, 'health.images': 5 }));
    assert.deepEqual([both?.every, both?.ranked], [7, 5]);
  });

  test('asks no more images than there are, and searches no bank without labels', () => {
    const few = { heldOut: { length: 3, labels: undefined }, bank: { length: 12, labels: undefined } };
    const plan = planOf(resolve('cifar'), few);
    assert.deepEqual([plan?.ranked, plan?.asked, plan?.bank], [3, 3, 0]);
  });
});
