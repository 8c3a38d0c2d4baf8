import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeShare, wilson } from '../../src/evaluate/proportion.js';

test('Wilson intervals are those of Newcombe (1998), table I, method 3', () => {
  for (const [right, asked, low, high] of [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ] as const) {
    const found = wilson(right, asked);
    assert.ok(Math.abs(found.low - low) < 5e-5 && Math.abs(found.high - high) < 5e-5, `${right}/${asked}`);
  }
});

test('both ends solve the score equation, and wrong ones mirror right ones', () => {
  for (const [right, asked] of [
    [3, 7],
    [16, 16],
    [0, 1],
    [9_000, 10_000],
  ] as const) {
    const { low, high } = wilson(right, asked);
    // |share − end| is 1.96 standard errors, those of the end itself.
    for (const end of [low, high])
      assert.ok(
        Math.abs((right / asked - end) ** 2 - (1.959964 ** 2 * end * (1 - end)) / asked) < 1e-8,
        `${right}/${asked}: ${end}`,
      );
    const wrong = wilson(asked - right, asked);
    assert.ok(Math.abs(wrong.low - (1 - high)) < 1e-12 && low >= 0 && high <= 1);
  }
});

test('all of a few being right is not certain', () => {
  assert.equal(describeShare(1, wilson(16, 16)), '100.0 % (80.6–100.0)');
});
