import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PixelConfusion } from '../../src/adapt/scores/iou.js';
import { random } from '../../src/random.js';

const draw = random(3);
const classes = ['sky', 'road', 'car', 'tree', 'moon', 'void'];
/** No pixel is a moon, and nobody takes one for it; the last class is ignored. */
const images = [200, 50, 333].map((length) => ({
  truth: Int16Array.from({ length }, () => [-1, 0, 0, 1, 2, 3][draw.integer(6)]!),
  told: Uint8Array.from({ length }, () => [0, 0, 1, 2][draw.integer(4)]!),
}));
const found = ((): ReturnType<PixelConfusion['overlap']> => {
  const confusion = new PixelConfusion(classes);
  for (const { truth, told } of images) confusion.add(truth, told);
  return confusion.overlap(5);
})();

test('IoU by class, their mean and pixel accuracy agree with sets of pixels', () => {
  const pixels = images.flatMap(({ truth, told }, image) =>
    [...truth].map((label, i) => ({ name: `${image}:${i}`, label, told: told[i]! })),
  );
  const counted = pixels.filter(({ label }) => label !== -1);
  const sets = (of: 'label' | 'told', which: number): Set<string> =>
    new Set(counted.filter((pixel) => pixel[of] === which).map(({ name }) => name));
  const expected = [0, 1, 2, 3].map((label) => {
    const [is, told] = [sets('label', label), sets('told', label)];
    const both = [...is].filter((name) => told.has(name)).length;
    return both / new Set([...is, ...told]).size;
  });
  assert.equal(expected[3], 0, 'a class that is never told has an IoU of 0 and lowers the mean');
  classes.slice(0, 4).forEach((name, i) => {
    assert.ok(Math.abs(found.iou[name]! - expected[i]!) < 1e-12, name);
  });
  assert.ok(Math.abs(found.meanIou - expected.reduce((a, b) => a + b) / 4) < 1e-12);
  const right = counted.filter(({ label, told }) => label === told).length;
  assert.ok(Math.abs(found.pixelAccuracy - right / counted.length) < 1e-12);
  assert.deepEqual([found.asked, found.pixels, found.occurring], [3, counted.length, 4]);
});

test('a class that neither occurs nor is told has no IoU, an ignored one is not told of', () => {
  assert.equal(found.iou.moon, null);
  assert.deepEqual(Object.keys(found.iou), classes.slice(0, 5));
  assert.equal(
    found.confusion.reduce((sum, { count }) => sum + count, 0),
    found.pixels,
  );
});

test('an answer that is right everywhere is 1, and one that is wrong everywhere 0', () => {
  for (const [told, mean] of [
    [[0, 1, 1], 1],
    [[1, 0, 0], 0],
  ] as const) {
    const confusion = new PixelConfusion(['a', 'b']);
    confusion.add(Int16Array.of(0, 1, 1), Uint8Array.from(told));
    const { meanIou, pixelAccuracy } = confusion.overlap();
    assert.deepEqual([meanIou, pixelAccuracy], [mean, mean]);
  }
});
