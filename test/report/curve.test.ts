import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Point } from '../../src/evaluate/run-curves.js';
import { curve, ticks } from '../../src/report/curve.js';

/** Corners [x, y] of a drawn shape. */
function corners(svg: string, shape: 'polyline' | 'polygon'): [number, number][] {
  const found = new RegExp(`<${shape} points="([^"]*)"`).exec(svg);
  return found![1]!.split(' ').map((corner) => corner.split(',').map(Number) as [number, number]);
}

const draw = (points: Point[], more = {}): string => curve({ title: 'T', note: 'N', points, ...more })!.text;

test('ticks are evenly spaced round numbers that enclose the range', () => {
  for (const [low, high] of [
    [0, 1],
    [0, 0.3],
    [0, 0.0247],
    [0, 7],
    [0, 187500],
    [0, 2.0649],
    [-0.07, 0.93],
    [0, 1e-5],
    [-3, -1],
    [0, 0],
  ] as const) {
    const found = ticks(low, high);
    const name = `${low} … ${high}: ${found}`;
    assert.ok(found.length >= 2 && found.length <= 7, name);
    assert.ok(found[0]! <= low && found.at(-1)! >= high, name);
    const step = found[1]! - found[0]!;
    const leading = Number(step.toExponential(6).split('e')[0]);
    assert.ok([1, 2, 5].includes(leading), name);
    for (let i = 1; i < found.length; i++)
      assert.ok(Math.abs(found[i]! - found[i - 1]! - step) < 1e-6 * step, name);
  }
});

test('a line is drawn to scale: steps to the right, values upwards, the reference at its level', () => {
  const svg = draw(
    [
      { step: 0, value: 0 },
      { step: 25, value: 0.5 },
      { step: 100, value: 1 },
    ],
    { reference: 0.25 },
  );
  const [a, b, c] = corners(svg, 'polyline') as [[number, number], [number, number], [number, number]];
  assert.ok(Math.abs((b[0] - a[0]) / (c[0] - a[0]) - 0.25) < 0.01);
  assert.ok(c[1] < b[1] && b[1] < a[1]);
  assert.ok(Math.abs((b[1] - a[1]) / (c[1] - a[1]) - 0.5) < 0.01);
  const reference = Number(/class="reference"[^>]* y1="([\d.]+)"/.exec(svg)![1]);
  assert.ok(Math.abs((reference - a[1]) / (c[1] - a[1]) - 0.25) < 0.01);
});

test('the band lies one standard error above and below the line', () => {
  const svg = draw([
    { step: 0, value: 0.5, error: 0.25 },
    { step: 10, value: 1, error: 0 },
  ]);
  const [[, first], [, last]] = corners(svg, 'polyline') as [[number, number], [number, number]];
  const band = corners(svg, 'polygon');
  assert.equal(band.length, 4);
  const quarter = (first - last) / 2;
  assert.ok(Math.abs(band[0]![1] - (first - quarter)) < 0.11, 'upper edge');
  assert.ok(Math.abs(band[3]![1] - (first + quarter)) < 0.11, 'lower edge');
  assert.deepEqual([band[1]![1], band[2]![1]], [last, last]);
});

test('the latest value is told in words too, with its unit', () => {
  const svg = draw([{ step: 7, value: 12.345 }], { digits: 1, unit: ' %' });
  assert.match(svg, /aria-label="T over steps: 12\.3 % at step 7"/);
  assert.match(svg, /<output>12\.3 %<\/output>/);
});

test('values that are not finite are left out; without any there is no chart', () => {
  const svg = draw([
    { step: 0, value: 1 },
    { step: 1, value: Number.NaN },
    { step: 2, value: 2 },
    { step: 3, value: Number.POSITIVE_INFINITY },
  ]);
  assert.equal(corners(svg, 'polyline').length, 2);
  assert.doesNotMatch(svg, /NaN|Infinity/);
  assert.equal(curve({ title: 'T', note: 'N', points: [{ step: 0, value: Number.NaN }] }), undefined);
});
