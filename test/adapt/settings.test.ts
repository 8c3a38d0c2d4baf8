import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AdaptationChoices,
  describeSettings,
  hasTaskTokens,
  resolveAdaptation,
  settingsSchema,
  trainedShares,
} from '../../src/adapt/settings.js';
import { UserError } from '../../src/errors.js';
import { resolve } from '../../src/run/config.js';

const pretrained = resolve('cifar');
const settings = (tune: NonNullable<AdaptationChoices['tune']>, more: Partial<AdaptationChoices> = {}) =>
  resolveAdaptation({ run: 'runs/x', tasks: [{ data: ['synthetic'] }], tune, ...more }, () => pretrained)
    .settings;

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
    predictor: { stride: 2 },
    optimiser: { learningRate: 1e-4 },
    epochs: 3,
  });
  assert.deepEqual(
    [changed.predictor.stride, changed.optimiser.learningRate, changed.optimiser.pretrained, changed.epochs],
    [2, 1e-4, 0.1, 3],
  );
});

test('pretrained weights learn at a tenth, random ones and heads at the whole rate', () => {
  assert.deepEqual(trainedShares(settings('head')), { heads: 1 });
  assert.deepEqual(trainedShares(settings('predictor')), { predictor: 0.1, heads: 1 });
  assert.deepEqual(trainedShares(settings('predictor', { predictor: { weights: 'random' } })), {
    predictor: 1,
    heads: 1,
  });
  assert.deepEqual(trainedShares(settings('encoder')), { encoder: 0.1, heads: 1 });
  assert.deepEqual(trainedShares(settings('encoder', { encoder: { weights: 'random' } })), {
    encoder: 1,
    heads: 1,
  });
  assert.deepEqual(trainedShares(settings('all')), { encoder: 0.1, predictor: 0.1, heads: 1 });
});

test('a head alone reads the latents, or a frozen predictor where one is asked for', () => {
  assert.equal(settings('head').predictor.weights, 'none');
  assert.equal(settings('head', { predictor: { weights: 'pretrained' } }).predictor.weights, 'pretrained');
});

test('there is a token for each task where a predictor is tuned for several, and else none', () => {
  const tasks = [{ data: ['a'] }, { data: ['b'] }];
  assert.ok(hasTaskTokens(settings('predictor', { tasks })));
  assert.ok(hasTaskTokens(settings('all', { tasks })));
  assert.ok(!hasTaskTokens(settings('predictor')));
  assert.ok(!hasTaskTokens(settings('head', { tasks, predictor: { weights: 'pretrained' } })));
  assert.ok(!hasTaskTokens(settings('encoder', { tasks })));
});

test('a head is what its task wants, unless another is asked for, which has to suit', () => {
  const masks = { data: ['b'], task: 'segmentation' } as const;
  const heads = (...tasks: AdaptationChoices['tasks']): string[] =>
    settings('predictor', { tasks }).tasks.map(({ head }) => head);
  assert.deepEqual(heads({ data: ['a'] }, masks), ['attentive', 'dense']);
  assert.deepEqual(heads({ data: ['a'], head: 'linear' }, masks), ['linear', 'dense']);
  assert.throws(() => heads({ ...masks, head: 'linear' }), /--head linear is not for segmentation/);
});

test('a run and a task are enough, and are what the command does by default', () => {
  const { settings: found } = resolveAdaptation(
    { run: 'runs/x', tasks: [{ data: ['synthetic'] }] },
    () => pretrained,
  );
  assert.deepEqual(found, settings('predictor'));
  // What is kept with a model is the whole of it.
  assert.deepEqual(settingsSchema.parse(JSON.parse(JSON.stringify(found))), found);
});

test('only what is not the default is told', () => {
  assert.equal(describeSettings(settings('predictor'), pretrained), '');
  assert.equal(
    describeSettings(settings('predictor', { epochs: 3, optimiser: { pretrained: 1 } }), pretrained),
    'epochs=3 optimiser.pretrained=1 measure.every=1',
  );
  assert.match(describeSettings(settings('head'), pretrained), /^tune=head .*predictor\.weights=none/);
});

test('keys that are none, and values that are none, are refused by name', () => {
  const refuses = (more: object, pattern: RegExp): void =>
    assert.throws(
      () =>
        resolveAdaptation(
          { run: 'runs/x', tasks: [{ data: ['synthetic'] }], ...more } as AdaptationChoices,
          () => pretrained,
        ),
      (error: Error) => {
        assert.ok(error instanceof UserError, String(error));
        assert.match(error.message, pattern);
        assert.ok(!error.message.includes('\n'));
        return true;
      },
    );
  refuses({ epoch: 1 }, /unknown key epoch in the configuration \(did you mean epochs\?\)/);
  refuses({ learningRate: 1 }, /unknown key learningRate .*did you mean optimiser\.learningRate\?/);
  refuses({ optimiser: { lr: 1 } }, /unknown key optimiser\.lr in the configuration/);
  refuses({ tasks: [{ dat: ['synthetic'], data: ['x'] }] }, /unknown key tasks\.0\.dat/);
  refuses({ set: { epochs: 1 } }, /unknown key set/);
  refuses({ epochs: '1' }, /configuration key epochs: /);
  refuses({ tasks: undefined }, /configuration key tasks is missing$/);
  refuses({ run: undefined }, /configuration key run is missing$/);
  refuses({ classes: ['a', 'a'] }, /configuration key classes: two have the same name/);
  refuses({ classes: ['a', 'b'] }, /--classes is of masks; give --task segmentation/);
});
