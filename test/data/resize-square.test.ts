import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { decodeImage } from '../../src/data/encoded-image.js';
import { resizeSquare } from '../../src/data/resize-square.js';
import { drawScene } from '../../src/data/scene.js';

/** A scene of some size, opaque; away from black and white, as libvips cuts off what overshoots them between its two passes. */
function scene(index: number, width: number, height: number): Uint8Array {
  const side = Math.max(width, height);
  const square = new Uint8Array(side * side * 3);
  drawScene(index, side, square);
  const drawn = square.map((value) => Math.round(48 + (value * 160) / 255));
  const out = new Uint8Array(width * height * 4).fill(255);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      out.set(drawn.subarray((y * side + x) * 3, (y * side + x + 1) * 3), (y * width + x) * 4);
  return out;
}

/** Width, height, and the side to come to. */
const sizes = [
  [32, 32, 32],
  [47, 32, 32],
  [60, 90, 40],
  [200, 131, 40],
  [333, 500, 32],
  [640, 427, 64],
  [140, 180, 16],
  [20, 25, 32],
  [21, 33, 32],
] as const;

test('an image is resized as sharp does it, whatever its size', async () => {
  for (const [index, [width, height, size]] of sizes.entries()) {
    const data = scene(index, width, height);
    const file = await sharp(data, { raw: { width, height, channels: 4 } })
      .png()
      .toBuffer();
    const theirs = (await decodeImage(file, size)).data;
    const ours = resizeSquare({ width, height, data }, size);
    const differences = ours.map((value, i) => Math.abs(value - theirs[i]!));
    const mean = differences.reduce((sum, each) => sum + each, 0) / differences.length;
    const worst = differences.reduce((most, each) => Math.max(most, each));
    assert.ok(mean <= 0.4 && worst <= 2, `${width} × ${height} to ${size}: mean ${mean}, worst ${worst}`);
  }
});
