import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shareBatch } from '../../src/adapt/training/plan.js';
import { random } from '../../src/random.js';

test('a batch is shared out whole, by numbers of images to within one, and every task has its part', () => {
  const draw = random(3);
  for (let i = 0; i < 300; i++) {
    const counts = Array.from(
      { length: 1 + draw.integer(6) },
      () => 1 + draw.integer(10 ** (1 + draw.integer(4))),
    );
    const total = counts.reduce((a, b) => a + b, 0);
    const batch = Math.min(total, counts.length + draw.integer(100));
    const shares = shareBatch(batch, counts);
    assert.equal(
      shares.reduce((a, b) => a + b, 0),
      batch,
    );
    const lonely = counts.filter((count) => (batch * count) / total < 1).length;
    shares.forEach((share, task) => {
      const exact = (batch * counts[task]!) / total;
      assert.ok(share >= 1 && share <= counts[task]!, `${shares} of ${counts}`);
      // Each task that gets its one image without having earned it costs the others at most one.
      assert.ok(share < exact + 1 && share > exact - 1 - lonely, `${share} for ${exact}`);
    });
  }
});

test('equal tasks share equally, and a larger one has more', () => {
  assert.deepEqual(shareBatch(64, [45_000, 90_000, 45_000]), [16, 32, 16]);
  assert.deepEqual(shareBatch(64, [7]), [64]);
  assert.deepEqual(shareBatch(8, [10, 1_000_000]), [1, 7]);
});
