import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bankParameters, jitterNames } from '../../src/evaluate/bank.js';
import { stops } from '../../src/evaluate/sweep.js';
import { paperAugmentation } from '../../src/world-model/index.js';

const key = (view: object): string => JSON.stringify(Object.values(view).map(Math.fround));

test('every jitter is applied to every version, within the strengths, and all versions differ', () => {
  const versions = bankParameters(paperAugmentation, 256, 1, 0);
  assert.equal(new Set(versions.map(key)).size, 256);
  for (const version of versions) {
    assert.ok(Math.abs(version.brightness - 1) <= 0.4 && version.brightness !== 1);
    assert.ok(Math.abs(version.contrast - 1) <= 0.4 && version.contrast !== 1);
    assert.ok(Math.abs(version.saturation - 1) <= 0.2 && version.saturation !== 1);
    assert.ok(Math.abs(version.hue) <= 0.1 && version.hue !== 0);
    assert.deepEqual([version.grayscale, version.blur, version.solarize], [0, 0, 0]);
  }
});

test('a jitter so weak that single precision tells few versions apart is drawn again', () => {
  // 1 ± 1e-5 holds some 250 float32 numbers: among 32 draws two would often be the same.
  const weak = { ...paperAugmentation, jitter: { ...paperAugmentation.jitter, brightness: 1e-5 } };
  for (let image = 0; image < 50; image++)
    assert.equal(new Set(bankParameters(weak, 32, 3, image, 'brightness').map(key)).size, 32);
});

test('only the jitter named varies', () => {
  for (const name of jitterNames)
    for (const version of bankParameters(paperAugmentation, 20, 1, 0, name))
      for (const other of jitterNames)
        assert.equal(version[other] === (other === 'hue' ? 0 : 1), other !== name, `${name}: ${other}`);
});

test('versions depend on seed and image alone; a larger bank begins like a smaller one', () => {
  const versions = bankParameters(paperAugmentation, 20, 1, 7);
  assert.deepEqual(bankParameters(paperAugmentation, 30, 1, 7).slice(0, 20), versions);
  assert.notDeepEqual(bankParameters(paperAugmentation, 20, 1, 8), versions);
  assert.notDeepEqual(bankParameters(paperAugmentation, 20, 2, 7), versions);
});

test('without strength all versions are the image', () => {
  const none = bankParameters({ ...paperAugmentation, strength: 0 }, 4, 1, 0);
  assert.equal(new Set(none.map(key)).size, 1);
});

test('sweeps reach the ends of what training draws, however strong', () => {
  assert.deepEqual(
    stops(paperAugmentation, 'brightness').map((value) => Number(value.toFixed(4))),
    [-0.4, -0.2667, -0.1333, 0, 0.1333, 0.2667, 0.4],
  );
  const strong = { ...paperAugmentation, strength: 10 };
  const ends = jitterNames.map((name) => [stops(strong, name)[0], stops(strong, name)[6]]);
  assert.deepEqual(ends, [
    [-1, 4],
    [-1, 4],
    [-1, 2],
    [-0.5, 0.5],
  ]);
});
