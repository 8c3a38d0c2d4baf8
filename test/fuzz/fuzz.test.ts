import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz, Outcomes } from './fuzz.js';

test('damaged inputs are refused in our own words, without crash, hang or file', async () => {
  const outcomes = new Outcomes();
  const to = 30 * outcomes.all.length;
  await fuzz({ to, seed: 1 }, (result) => outcomes.add(result));
  for (const { name, inputs, read, refused, failures } of outcomes.all) {
    assert.deepEqual(failures, [], name);
    assert.deepEqual([inputs, read + refused], [30, 30]);
    assert.ok(refused > 0, `${name}: ${refused} of ${inputs} refused`);
  }
});
