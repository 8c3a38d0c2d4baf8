import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from './fuzz.js';

test('damaged inputs are refused in our own words, without crash, hang or file', async () => {
  for (const { name, inputs, read, refused, failures } of await fuzz(450, 1)) {
    assert.deepEqual(failures, [], name);
    assert.equal(read + refused, inputs);
    assert.ok(refused > inputs / 10, `${name}: ${refused} of ${inputs} refused`);
  }
});
