import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fuzz, Outcomes } from './fuzz.js';
import { targets } from './targets.js';

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

test('what is damaged is sound before, and no name in a tar leads out of it', async () => {
  for (const { name, good, read, mend = (input: Buffer) => input } of targets)
    for (const input of good) {
      const folder = mkdtempSync(join(tmpdir(), 'iwm-sound-'));
      await assert.doesNotReject(read(mend(Buffer.from(input)), folder), name);
      assert.ok(readdirSync(folder).length <= 1);
      rmSync(folder, { recursive: true });
    }
});
