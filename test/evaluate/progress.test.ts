import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress } from '../../src/evaluate/progress.js';

test('the time left is that of all parts, by the images that each encodes', (t) => {
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  const lines: string[] = [];
  const progress = new Progress({ progress: (line) => lines.push(line), note: () => {} }, 45_000 + 100 * 256);
  const bank = progress.part('features of the bank', 45_000);
  now += 10_000;
  bank(9000);
  // 1 ms an image: (36,000 + 25,600) / 900 s.
  assert.equal(lines.at(-1), 'features of the bank: 9,000 of 45,000 images, 68 s left');
  now += 40_000;
  bank(45_000);
  const mrr = progress.part('MRR', 100, 256);
  now += 10_000;
  mrr(50);
  assert.equal(lines.at(-1), 'MRR: 50 of 100 images, 13 s left');
  progress.spare(25 * 256);
  mrr(75);
  assert.equal(lines.at(-1), 'MRR: 75 of 100 images, 0 s left');
});
