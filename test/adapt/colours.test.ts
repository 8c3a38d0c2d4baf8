import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classColour, hex } from '../../src/adapt/model/colours.js';

test('no two of 256 classes have the same colour, and the first twenty are well apart', () => {
  const colours = Array.from({ length: 256 }, (_, i) => classColour(i));
  assert.ok(colours.flat().every((channel) => Number.isInteger(channel) && channel >= 0 && channel <= 255));
  assert.equal(new Set(colours.map(hex)).size, 256);
  for (let i = 0; i < 20; i++)
    for (let j = 0; j < i; j++) {
      const [one, other] = [colours[i]!, colours[j]!];
      const distance = Math.hypot(...one.map((channel, c) => channel - other[c]!));
      assert.ok(distance > 30, `classes ${j} and ${i}: ${distance.toFixed(0)} of 442 apart`);
    }
  assert.equal(hex([0, 15, 255]), '#000fff');
});
