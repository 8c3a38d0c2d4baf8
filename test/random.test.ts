import assert from 'node:assert/strict';
import { test } from 'node:test';
import { philox, purpose, random } from '../src/random.js';

const words = (...values: number[]) => Uint32Array.from(values);

test('philox gives the published known answers (Random123, philox4x32 10 rounds)', () => {
  const cases: [number[], number[], number[]][] = [
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  for (const [counter, [k0 = 0, k1 = 0], expected] of cases) {
    const block = words(...counter);
    philox(block, k0, k1);
    assert.deepEqual([...block], expected);
  }
});

const take = (n: number, seed: number, ...keys: number[]) => {
  const stream = random(seed, ...keys);
  return Array.from({ length: n }, () => stream.next());
};

test('the same keys give the same numbers whenever asked, other keys give others', () => {
  assert.deepEqual(take(9, 1, 2, 3, purpose.crop), take(9, 1, 2, 3, purpose.crop));
  const starts = new Set<number>();
  for (let seed = -2; seed < 3; seed++) {
    for (let step = 0; step < 20; step++) {
      for (const use of Object.values(purpose)) starts.add(take(1, seed, step, use)[0]!);
    }
  }
  assert.equal(starts.size, 5 * 20 * Object.values(purpose).length);
  assert.notDeepEqual(take(2, 1), take(2, 1, 0));
  assert.notDeepEqual(take(2, 1, 2), take(2, 2, 1));
  assert.notDeepEqual(take(2, 2 ** 40), take(2, 0));
  assert.throws(() => random(0.5), RangeError);
});

test('uniform numbers: moments, bins, and neighbours in every key are uncorrelated', () => {
  const n = 40_000;
  const streams = [take(n, 7, 0), Array.from({ length: n }, (_, step) => take(1, 7, step)[0]!)];
  for (const values of streams) {
    assert.ok(values.every((value) => value >= 0 && value < 1));
    const bins = new Array<number>(64).fill(0);
    let serial = 0;
    values.forEach((value, index) => {
      const bin = Math.floor(value * 64);
      bins[bin] = bins[bin]! + 1;
      serial += (value - 0.5) * (values[(index + 1) % n]! - 0.5) * 12;
    });
    const chi2 = bins.reduce((sum, count) => sum + (count - n / 64) ** 2 / (n / 64), 0);
    assert.ok(chi2 > 63 - 4 * 11.2 && chi2 < 63 + 5 * 11.2, `chi² ${chi2}`);
    assert.ok(Math.abs(serial / n) < 5 / Math.sqrt(n), `serial correlation ${serial / n}`);
  }
});

test('normal has the moments of the standard normal', () => {
  const stream = random(3, purpose.initialise);
  const moments = [0, 0, 0, 0];
  const n = 50_000;
  for (let i = 0; i < n; i++) {
    const value = stream.normal();
    for (let order = 0; order < 4; order++) moments[order] = moments[order]! + value ** (order + 1) / n;
  }
  const [mean, variance, skew, kurtosis] = moments as [number, number, number, number];
  assert.ok(Math.abs(mean) < 0.02 && Math.abs(variance - 1) < 0.03);
  assert.ok(Math.abs(skew) < 0.06 && Math.abs(kurtosis - 3) < 0.15);
});

test('integer, between, chance and permutation keep to their ranges and reach everything', () => {
  const stream = random(11);
  const seen = new Set(Array.from({ length: 400 }, () => stream.integer(7)));
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6]);
  for (let i = 0; i < 200; i++) {
    const value = stream.between(-2, 3);
    assert.ok(value >= -2 && value < 3);
  }
  assert.equal(stream.chance(0), false);
  assert.equal(stream.chance(1), true);
  const orders = new Set<string>();
  for (let i = 0; i < 200; i++) orders.add(stream.permutation(3).join());
  assert.equal(orders.size, 6);
  assert.deepEqual(
    [...stream.permutation(50)].sort((a, b) => a - b),
    [...Array(50).keys()],
  );
});
