import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { random } from '../../src/random.js';
import {
  actionNames,
  actionVector,
  applyAction,
  nullAction,
  parseAction,
} from '../../src/world-model/action.js';
import {
  identityParameters,
  paperAugmentation,
  sampleJitter,
  sampleParameters,
  transformations,
} from '../../src/world-model/transformations.js';

const close = (actual: ArrayLike<number>, expected: number[]) => {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, index) => {
    assert.ok(
      Math.abs(actual[index]! - value) < 1e-6,
      `component ${index}: ${actual[index]} is not ${value}`,
    );
  });
};

test('an action is target − source over the paper’s strengths, and flags of the source alone', () => {
  const source = {
    brightness: 1.2,
    contrast: 1,
    saturation: 0.9,
    hue: -0.05,
    grayscale: 1,
    blur: 0.7,
    solarize: 0,
  };
  const target = {
    brightness: 0.8,
    contrast: 1.4,
    saturation: 1.1,
    hue: 0.05,
    grayscale: 0,
    blur: 0,
    solarize: 1,
  };
  assert.deepEqual(actionNames, [
    'brightness',
    'contrast',
    'saturation',
    'hue',
    'grayscale',
    'blur',
    'solarize',
  ]);
  close(actionVector(source, target), [-1, 1, 1, 1, 1, 1, 0]);
  const out = new Float32Array(9);
  actionVector(source, target, out, 1);
  close(out, [0, -1, 1, 1, 1, 1, 1, 0, 0]);
});

test('the null action is all zeros and changes nothing', () => {
  const { source, target, conditioning } = applyAction(nullAction);
  close(conditioning, [0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(source, identityParameters);
  assert.deepEqual(target, identityParameters);
});

test('an action relative to a clean image gives both views and the numbers that tell the predictor', () => {
  const { source, target, conditioning } = applyAction({ brightness: 0.3, hue: -0.1, blur: 1.5 });
  assert.deepEqual(target, { ...identityParameters, brightness: 1.3, hue: -0.1 });
  assert.deepEqual(source, { ...identityParameters, blur: 1.5 });
  close(conditioning, [0.75, 0, 0, -1, 0, 1, 0]);
});

test('actions from outside are checked', () => {
  assert.deepEqual(parseAction({ grayscale: true, hue: 0.5 }), { grayscale: 1, hue: 0.5 });
  const refused: [unknown, RegExp][] = [
    [{ brigthness: 1 }, /unknown transformation "brigthness"; known are brightness/],
    [{ brightness: -1.1 }, /brightness is -1.1/],
    [{ hue: 0.6 }, /hue is 0.6/],
    [{ hue: Number.NaN }, /hue is NaN/],
    [{ contrast: '2' }, /contrast is 2/],
    [{ solarize: 0.5 }, /0 or 1/],
    [[1], /must be an object/],
    [null, /must be an object/],
  ];
  for (const [value, message] of refused)
    assert.throws(
      () => parseAction(value),
      (error: Error) => error instanceof UserError && message.test(error.message),
    );
});

const draw = (n: number, view: 'source' | 'target', config = paperAugmentation) =>
  Array.from({ length: n }, (_, sample) => sampleParameters(random(4, sample), config, view));
const share = <T>(views: T[], is: (view: T) => boolean) => views.filter(is).length / views.length;
const near = (actual: number, expected: number, tolerance = 0.03) =>
  assert.ok(Math.abs(actual - expected) < tolerance, `${actual} is not near ${expected}`);

test('views are sampled with the configured probabilities and ranges, jitters together', () => {
  const sources = draw(4000, 'source');
  const targets = draw(4000, 'target');
  near(
    share(sources, (view) => view.brightness !== 1),
    0.8,
  );
  near(
    share(targets, (view) => view.hue !== 0),
    0.8,
  );
  for (const view of [...sources, ...targets]) {
    const jittered = [view.brightness !== 1, view.contrast !== 1, view.saturation !== 1, view.hue !== 0];
    assert.equal(new Set(jittered).size, 1);
    assert.ok(Math.abs(view.brightness - 1) <= 0.4 && Math.abs(view.contrast - 1) <= 0.4);
    assert.ok(Math.abs(view.saturation - 1) <= 0.2 && Math.abs(view.hue) <= 0.1);
  }
  assert.ok(Math.max(...sources.map((view) => view.brightness)) > 1.39);
  assert.ok(Math.min(...sources.map((view) => view.hue)) < -0.099);
  near(
    share(sources, (view) => view.grayscale === 1),
    0.2,
  );
  near(
    share(sources, (view) => view.blur !== 0),
    0.2,
  );
  near(
    share(sources, (view) => view.solarize === 1),
    0.2,
  );
  assert.ok(sources.every(({ blur }) => blur === 0 || (blur >= 0.1 && blur <= 2)));
  assert.ok(
    targets.every(({ grayscale, blur, solarize }) => grayscale === 0 && blur === 0 && solarize === 0),
  );
});

test('strength widens the jitters and stops where torchvision does', () => {
  const strong = Array.from({ length: 2000 }, (_, k) =>
    sampleJitter(random(1, k), { ...paperAugmentation, strength: 6 }),
  );
  near(Math.min(...strong.map((view) => view.brightness)), 0, 0.01);
  near(Math.max(...strong.map((view) => view.brightness)), 3.4, 0.02);
  near(Math.max(...strong.map((view) => view.hue)), 0.5, 0.01);
  const none = sampleJitter(random(1), { ...paperAugmentation, strength: 0 });
  assert.deepEqual(none, identityParameters);
  assert.equal(transformations.filter((row) => row.kind === 'jitter').length, 4);
});
