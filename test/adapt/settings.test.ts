import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AdaptationChoices,
  hasTaskTokens,
  resolveAdaptation,
  trainedShares,
} from '../../src/adapt/settings.js';
import { resolve } from '../../src/run/config.js';

const pretrained = resolve('cifar');
const settings = (tune: AdaptationChoices['tune'], more: Partial<AdaptationChoices> = {}) =>
  resolveAdaptation({ run: 'runs/x', tasks: [{ data: ['synthetic'] }], tune, ...more }, pretrained);

test('the published predictor, unless something else is said', () => {
  const { predictor, measure, epochs } = settings('predictor');
  assert.deepEqual(predictor, {
    weights: 'pretrained',
    contextBlocks: pretrained.predictor.depth - 1,
    stride: 1,
    visible: 1,
  });
  assert.equal(measure.every, Math.ceil(epochs / 10));
  const changed = settings('predictor', {
    set: { 'predictor.stride': 2, 'optimiser.learningRate': 1e-4, epochs: 3 },
  });
  assert.deepEqual(
    [changed.predictor.stride, changed.optimiser.learningRate, changed.optimiser.pretrained, changed.epochs],
    [2, 1e-4, 0.1, 3],
  );
});

test('pretrained weights learn at a tenth, random ones and heads at the whole rate', () => {
  assert.deepEqual(trainedShares(settings('head')), { heads: 1 });
  assert.deepEqual(trainedShares(settings('predictor')), { predictor: 0.1, heads: 1 });
  assert.deepEqual(trainedShares(settings('predictor', { predictor: 'random' })), { predictor: 1, heads: 1 });
  assert.deepEqual(trainedShares(settings('encoder')), { encoder: 0.1, heads: 1 });
  assert.deepEqual(trainedShares(settings('encoder', { set: { 'encoder.weights': 'random' } })), {
    encoder: 1,
    heads: 1,
  });
  assert.deepEqual(trainedShares(settings('all')), { encoder: 0.1, predictor: 0.1, heads: 1 });
});

test('a head alone reads the latents, or a frozen predictor where one is asked for', () => {
  assert.equal(settings('head').predictor.weights, 'none');
  assert.equal(settings('head', { predictor: 'pretrained' }).predictor.weights, 'pretrained');
});

test('there is a token for each task where a predictor is tuned for several, and else none', () => {
  const tasks = [{ data: ['a'] }, { data: ['b'] }];
  assert.ok(hasTaskTokens(settings('predictor', { tasks })));
  assert.ok(hasTaskTokens(settings('all', { tasks })));
  assert.ok(!hasTaskTokens(settings('predictor')));
  assert.ok(!hasTaskTokens(settings('head', { tasks, predictor: 'pretrained' })));
  assert.ok(!hasTaskTokens(settings('encoder', { tasks })));
});

test('a head that is asked for is that of the tasks that it suits', () => {
  const tasks = [{ data: ['a'] }, { data: ['b'], task: 'segmentation' as const }];
  const heads = (more: Partial<AdaptationChoices>): string[] =>
    settings('predictor', { tasks, ...more }).tasks.map(({ head }) => head);
  assert.deepEqual(heads({}), ['attentive', 'dense']);
  assert.deepEqual(heads({ head: 'linear' }), ['linear', 'dense']);
  assert.throws(
    () => heads({ tasks: tasks.slice(1), head: 'linear' }),
    /--head linear is not for segmentation/,
  );
});
