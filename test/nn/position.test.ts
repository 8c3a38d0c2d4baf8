import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sineCosine } from '../../src/nn/index.js';

/** One feature of the position at (row, column), written out: sin and cos of place / 10000^(i / quarter). */
function feature(row: number, column: number, width: number, index: number): number {
  const quarter = width / 4;
  const place = index < width / 2 ? column : row;
  const withinHalf = index % (width / 2);
  const wave = withinHalf % quarter;
  // exp and log instead of a power: another road to the same frequency.
  const angle = place * Math.exp((-Math.log(10000) * wave) / quarter);
  return withinHalf < quarter ? Math.sin(angle) : Math.cos(angle);
}

test('positions agree with the formula, one feature at a time', () => {
  for (const [rows, columns, width] of [
    [4, 4, 16],
    [3, 5, 8],
    [1, 1, 4],
    [14, 14, 12],
  ] as const) {
    const table = sineCosine(rows, columns, width);
    assert.deepEqual(table.shape, [rows * columns, width]);
    const values = table.data as Float32Array;
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (let index = 0; index < width; index++) {
          const at = (row * columns + column) * width + index;
          assert.ok(
            Math.abs(values[at]! - feature(row, column, width, index)) < 1e-6,
            `${row} ${column} ${index}`,
          );
        }
  }
});

test('no two places of a grid look alike', () => {
  const width = 8;
  const values = sineCosine(14, 14, width).data as Float32Array;
  const seen = new Set(
    Array.from({ length: 196 }, (_, token) => values.subarray(token * width, (token + 1) * width).join()),
  );
  assert.equal(seen.size, 196);
});
