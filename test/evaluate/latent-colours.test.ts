import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { latentColours } from '../../src/evaluate/latent-colours.js';
import { random } from '../../src/random.js';

const [count, width] = [200, 12];
/** Tokens that differ along three directions by 4, 2 and 1, and little along all. */
const tokens = new Float32Array(count * width);
const draw = random(3);
const directions = [4, 2, 1].map((size) => Array.from({ length: width }, () => size * draw.normal()));
for (let token = 0; token < count; token++) {
  const along = directions.map(() => draw.normal());
  for (let i = 0; i < width; i++)
    tokens[token * width + i] =
      5 + directions.reduce((sum, each, k) => sum + along[k]! * each[i]!, 0) + 0.05 * draw.normal();
}

test('colours are the first three principal components, as an eigenvalue decomposition has them', () => {
  const colours = latentColours(tokens, width)(tokens);
  const rows = new Matrix(count, width);
  tokens.forEach((value, i) => {
    rows.set(Math.floor(i / width), i % width, value);
  });
  const centred = rows.subRowVector(rows.mean('column'));
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(
    centred.transpose().mmul(centred).div(count),
    { assumeSymmetric: true },
  );
  const order = [...realEigenvalues.keys()].sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  for (const channel of [0, 1, 2]) {
    const axis = eigenvectorMatrix.getColumnVector(order[channel]!);
    const deviation = Math.sqrt(realEigenvalues[order[channel]!]!);
    const shares = centred
      .mmul(axis)
      .to1DArray()
      .map((value) => value / (2.2 * deviation));
    const told = shares.map((_, token) => (colours[3 * token + channel]! - 127.5) / 127.5);
    // The sign of a component is nobody's.
    const sign = Math.sign(shares.reduce((sum, share, i) => sum + share * told[i]!, 0));
    shares.forEach((share, i) => {
      const wanted = sign * Math.max(-1, Math.min(1, share));
      assert.ok(Math.abs(told[i]! - wanted) < 0.02, `channel ${channel}, token ${i}: ${told[i]}, ${wanted}`);
    });
  }
});

test('where tokens do not differ all colours are the middle', () => {
  const alike = new Float32Array(5 * width).fill(2);
  assert.ok(latentColours(alike, width)(alike).every((value) => value === 128));
});
