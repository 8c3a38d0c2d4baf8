import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { amend, check, modelConfig, resolve, viewsConfig } from '../../src/run/config.js';
import { presets } from '../../src/run/presets.js';

/** Refused with exit code 2 and one line that says what and where. */
function refused(given: () => unknown, ...says: readonly (string | RegExp)[]): void {
  assert.throws(given, (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.exitCode, 2);
    assert.ok(!error.message.includes('\n'), error.message);
    for (const part of says) assert.ok(error.message.match(part), `${error.message} – does not say ${part}`);
    return true;
  });
}
const refuses = (settings: Readonly<Record<string, unknown>>, ...says: readonly (string | RegExp)[]): void =>
  refused(() => resolve('demo', settings), ...says);

describe('what is refused', () => {
  test('an unknown preset, naming the known ones', () => {
    refused(() => resolve('dem'), '"dem"', /demo, cifar, small, vit-b16/);
    refused(() => resolve('toString'), 'unknown preset "toString"');
  });

  test('an unknown key, with its place', () => {
    refuses({ colour: 1 }, 'colour');
    refuses({ 'predictor.deepness': 3 }, 'predictor.deepness');
    refuses({ 'augmentation.jitter.green': 0.1 }, 'augmentation.jitter.green');
    for (const key of ['__proto__', '__proto__.x', 'encoder.__proto__', 'predictor.__proto__.depth'])
      refuses({ [key]: 1 }, `unknown key ${key}`);
    for (const key of ['constructor', 'toString.x', 'encoder.hasOwnProperty'])
      refuses({ [key]: 1 }, 'unknown key');
  });

  test('a value of the wrong kind or out of range, with its key', () => {
    for (const [key, value] of [
      ['augmentation.strength', -0.1],
      ['augmentation.jitter.hue', 0.6],
      ['augmentation.jitter.probability', 1.1],
      ['augmentation.blur.sigma', [2, 1]],
      ['augmentation.crop.scale', [1, 0.3]],
      ['augmentation.crop.scale', [0, 1]],
      ['augmentation.crop.scale', [0.3, 1.1]],
      ['augmentation.crop.ratio', [0, 1]],
      ['optimiser.learningRate', 0],
      ['optimiser.learningRate', Number.NaN],
      ['optimiser.clip', Number.POSITIVE_INFINITY],
      ['predictor.conditioning', 'telepathy'],
      ['predictor.depth', 0],
      ['encoder.trained', 'last:0'],
      ['encoder.trained', 'last:9'],
      ['encoder.epsilon', 0],
      ['steps', 1.5],
      ['steps', '100'],
      ['batch', -64],
      ['seed', -1],
      ['optimiser.betas', [0.9, 1]],
      ['image.patch', 0],
      ['ema', [0.9, 1.1]],
      ['checkpoint.every', 0],
      ['encoder', 3],
    ] as const)
      refuses({ [key]: value }, key);
  });

  test('sizes that do not fit each other', () => {
    refuses({ 'encoder.heads': 5 }, 'encoder.width 96', 'encoder.heads 5');
    refuses({ 'predictor.width': 40, 'predictor.heads': 3 }, 'predictor.width 40', 'predictor.heads 3');
    refuses({ 'encoder.width': 90, 'encoder.heads': 3 }, 'encoder.width 90', 'multiple of 4');
    refuses({ 'image.size': 30 }, 'image.size 30', 'image.patch 8');
    refused(() => resolve('small', { 'image.patch': 5 }), 'image.size 96', 'image.patch 5');
    refuses({ accumulate: 3 }, 'batch 64', 'accumulate 3');
    refuses({ 'encoder.targetBlocks': 4 }, 'encoder.targetBlocks 4', '3 blocks');
    refuses({ 'masks.visible': 12, 'masks.predicted': 6 }, /12 visible and 6 predicted/);
  });

  test('a damaged configuration from a file', () => {
    const damaged = [null, [], 'demo', {}, { ...resolve('demo'), steps: undefined }];
    const odd = JSON.parse(JSON.stringify(resolve('demo')).replace('{', '{"__proto__": {"x": 1}, '));
    for (const given of [...damaged, odd]) refused(() => check(given), 'configuration');
  });
});

describe('what is made', () => {
  test('every preset is whole, and its own fixed point', () => {
    for (const preset of Object.keys(presets)) {
      const config = resolve(preset);
      assert.equal(config.preset, preset);
      assert.deepEqual(check(JSON.parse(JSON.stringify(config))), config);
    }
  });

  test('dotted settings win and leave their neighbours alone', () => {
    const plain = resolve('cifar');
    const config = resolve('cifar', {
      'predictor.conditioning': 'sequence',
      'predictor.depth': 2,
      'augmentation.jitter.hue': 0.2,
      batch: 32,
    });
    assert.deepEqual(config, {
      ...plain,
      batch: 32,
      predictor: { ...plain.predictor, conditioning: 'sequence', depth: 2 },
      augmentation: { ...plain.augmentation, jitter: { ...plain.augmentation.jitter, hue: 0.2 } },
    });
  });

  test('settings of one call do not leak into the next', () => {
    const before = resolve('demo');
    resolve('demo', { 'encoder.depth': 9, 'augmentation.strength': 3, data: ['elsewhere'] });
    assert.deepEqual(resolve('demo'), before);
  });

  test('heads, predictor and learning rate follow the width of the encoder', () => {
    const wide = resolve('cifar', { 'encoder.width': 192 });
    assert.equal(wide.encoder.heads, 6);
    assert.deepEqual([wide.predictor.width, wide.predictor.heads], [192, 6]);
    const paper = resolve('vit-b16');
    assert.deepEqual([paper.encoder.heads, paper.predictor.width, paper.predictor.heads], [12, 384, 6]);
    // Where a preset says nothing, the rate falls with the root of the width: 1.5e-3 at 96.
    const { learningRate } = resolve('small', { 'encoder.width': 384 }).optimiser;
    assert.ok(Math.abs(learningRate - 0.75e-3) < 1e-15, `${learningRate}`);
  });

  test('four blocks are predicted, or as many as there are; as published the last alone', () => {
    const blocks = (preset: string, settings = {}) => resolve(preset, settings).encoder.targetBlocks;
    assert.deepEqual(
      [blocks('cifar'), blocks('cifar', { 'encoder.depth': 2 }), blocks('vit-b16')],
      [4, 2, 1],
    );
  });

  test('what is set is not derived', () => {
    const config = resolve('cifar', { 'encoder.width': 192, 'encoder.heads': 4, 'predictor.width': 64 });
    assert.equal(config.encoder.heads, 4);
    assert.deepEqual([config.predictor.width, config.predictor.heads], [64, 2]);
  });

  test('amending changes what is named and derives nothing anew', () => {
    const config = resolve('demo');
    assert.deepEqual(amend(config, {}), config);
    const more = amend(config, { steps: 5000, 'encoder.depth': 4 });
    assert.deepEqual(more, { ...config, steps: 5000, encoder: { ...config.encoder, depth: 4 } });
    refused(() => amend(config, { 'encoder.deepness': 4 }), 'encoder.deepness');
  });

  test('checkpoints come five times a run, or at every step of a very short one', () => {
    assert.equal(resolve('demo', { steps: 1000 }).checkpoint.every, 200);
    assert.equal(resolve('demo', { steps: 1001 }).checkpoint.every, 201);
    assert.equal(resolve('demo', { steps: 3 }).checkpoint.every, 1);
  });

  test('mask counts follow the grid of patches and fit it', () => {
    for (const [size, patch] of [
      [96, 8],
      [64, 8],
      [96, 16],
    ] as const) {
      const { masks } = resolve('small', { 'image.size': size, 'image.patch': patch });
      const tokens = (size / patch) ** 2;
      assert.ok(masks.visible + masks.predicted <= tokens);
      // The union of the paper's rectangles is about half of the grid; both counts are a little less.
      for (const part of [masks.visible, masks.predicted])
        assert.ok(part / tokens > 0.3 && part / tokens < 0.6, `${part} of ${tokens}`);
    }
  });

  test('model and views take their sizes from the configuration', () => {
    const config = resolve('cifar', { 'image.stored': 40, 'predictor.depth': 7 });
    const { encoder, predictor } = modelConfig(config);
    assert.deepEqual(encoder, {
      depth: 8,
      width: 96,
      heads: 3,
      hidden: 384,
      classToken: false,
      registers: 0,
      positions: 'sine-cosine',
      layerScale: false,
      epsilon: 1e-6,
      targetBlocks: 4,
      trained: 'all',
      image: 32,
      patch: 4,
    });
    assert.deepEqual(predictor, { depth: 7, width: 96, heads: 3, conditioning: 'adaln' });
    const views = viewsConfig(config);
    assert.deepEqual([views.image, views.size, views.patch], [{ height: 40, width: 40 }, 32, 4]);
    assert.deepEqual(views.masks, {
      ...config.masks,
      rectangles: 4,
      scale: [0.15, 0.2],
      aspect: [0.75, 1.5],
    });
  });
});
