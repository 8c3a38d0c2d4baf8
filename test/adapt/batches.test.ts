import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawVisible } from '../../src/adapt/training/batches.js';

const [images, tokens, visible] = [50, 16, 6];
const rows = (drawn: Int32Array): number[][] =>
  Array.from({ length: images }, (_, i) => [...drawn.subarray(i * visible, (i + 1) * visible)]);

test('each image has its own ascending choice, by seed and step alone', () => {
  const drawn = rows(drawVisible(1, 7, images, tokens, visible));
  for (const row of drawn) {
    assert.equal(new Set(row).size, visible);
    assert.deepEqual(
      row,
      row.toSorted((a, b) => a - b),
    );
    assert.ok(row.every((position) => position >= 0 && position < tokens));
  }
  assert.ok(new Set(drawn.map(String)).size > images / 2, 'images differ');
  assert.deepEqual(rows(drawVisible(1, 7, images, tokens, visible)), drawn);
  assert.notDeepEqual(rows(drawVisible(1, 8, images, tokens, visible)), drawn);
  assert.notDeepEqual(rows(drawVisible(2, 7, images, tokens, visible)), drawn);
});

test('every position is as likely', () => {
  const counts = new Array<number>(tokens).fill(0);
  const steps = 100;
  for (let step = 0; step < steps; step++)
    for (const position of drawVisible(3, step, images, tokens, visible)) counts[position]!++;
  const share = visible / tokens;
  const deviation = Math.sqrt(steps * images * share * (1 - share));
  for (const count of counts)
    assert.ok(Math.abs(count - steps * images * share) < 5 * deviation, `${counts}`);
});
