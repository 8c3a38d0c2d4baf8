import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { random } from '../../src/random.js';
import { spec, trace } from '../../src/tensor/index.js';
import {
  blurKernelSize,
  blurMatrix,
  resizeMatrix,
  sampleCrop,
  separable,
} from '../../src/world-model/geometry.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8'));

/** rows [H, h] · image [h, w] · columnsᵀ [w, W], in plain loops. */
function sandwich(
  rows: Float32Array,
  image: number[],
  columns: Float32Array,
  h: number,
  w: number,
): number[] {
  const H = rows.length / h;
  const W = columns.length / w;
  return Array.from({ length: H * W }, (_, at) => {
    let sum = 0;
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        sum += rows[Math.floor(at / W) * h + y]! * image[y * w + x]! * columns[(at % W) * w + x]!;
    return sum;
  });
}

const furthest = (a: number[], b: number[]) =>
  a.reduce(
    (worst, value, index) => Math.max(worst, Math.abs(value - b[index]!)),
    a.length === b.length ? 0 : Infinity,
  );

test('resizing and cropping agree with Pillow, up and down, with and without flip', () => {
  for (const { shape, box, out, flip, pixels, bytes, floats } of fixture('resize').cases) {
    const [height, width] = shape;
    const [left, top, right, bottom] = box;
    const rows = resizeMatrix(out[0], height, top, bottom - top);
    const columns = resizeMatrix(out[1], width, left, right - left, flip);
    const resized = sandwich(rows, pixels, columns, height, width);
    assert.ok(
      furthest(resized, floats) < 1e-3,
      `floats, ${shape} to ${out}: ${furthest(resized, floats)} of 255`,
    );
    assert.ok(furthest(resized, bytes) <= 1, `bytes, ${shape} to ${out}: ${furthest(resized, bytes)} of 255`);
  }
});

test('the same map for all images, or each its own', async () => {
  const [h, w, H, W] = [3, 5, 4, 2];
  const draw = random(2);
  const numbers = (count: number) => Float32Array.from({ length: count }, () => draw.normal());
  for (const maps of [1, 2]) {
    const images = numbers(2 * 3 * h * w);
    const rows = numbers(maps * H * h);
    const columns = numbers(maps * W * w);
    const specs = { images: spec([2, 3, h, w]), rows: spec([maps, 1, H, h]), columns: spec([maps, 1, W, w]) };
    const program = trace('separable', specs, (given) => ({
      out: separable(given.images, given.rows, given.columns),
    }));
    const { out } = await (await engine.compile(program)).run({ images, rows, columns });
    const expected = [0, 1, 2, 3, 4, 5].flatMap((plane) => {
      const map = maps === 1 ? 0 : Math.floor(plane / 3);
      return sandwich(
        rows.subarray(map * H * h, (map + 1) * H * h),
        [...images.subarray(plane * h * w, (plane + 1) * h * w)],
        columns.subarray(map * W * w, (map + 1) * W * w),
        h,
        w,
      );
    });
    assert.ok(furthest([...((await out.read()) as Float32Array)], expected) < 1e-5, `${maps} maps`);
  }
});

test('resizing weights are a mean: no negative one, every row sums to 1, written where told', () => {
  const out = new Float32Array(100 + 5 * 17);
  resizeMatrix(5, 17, 2.3, 11.9, true, out, 100);
  assert.ok(out.every((weight) => weight >= 0) && out.subarray(0, 100).every((weight) => weight === 0));
  for (let row = 0; row < 5; row++) {
    const sum = out.subarray(100 + row * 17, 117 + row * 17).reduce((a, b) => a + b);
    assert.ok(Math.abs(sum - 1) < 1e-6);
  }
});

test('blur agrees with torchvision gaussian_blur; sigma 0 is the identity', () => {
  for (const { size, sigma, kernel, image, blurred } of fixture('torchvision-augment').blurs) {
    const matrix = blurMatrix(size, sigma, kernel);
    assert.ok(furthest(sandwich(matrix, image, matrix, size, size), blurred) < 1e-5);
  }
  assert.deepEqual([...blurMatrix(3, 0, 3)], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
  assert.throws(() => blurMatrix(3, 1, 7), /too large/);
  assert.throws(() => blurMatrix(9, 1, 4), /not odd/);
  assert.deepEqual([224, 96, 32, 8].map(blurKernelSize), [23, 11, 5, 3]);
});

test('crops lie inside the image, have area and ratio in range, and fall back to the centre', () => {
  const config = { scale: [0.3, 1], ratio: [3 / 4, 4 / 3] } as const;
  let area = 0;
  for (let draw = 0; draw < 2000; draw++) {
    const { top, left, height, width } = sampleCrop(random(1, draw), { height: 200, width: 160 }, config);
    assert.ok([top, left, height, width].every(Number.isInteger));
    assert.ok(top >= 0 && left >= 0 && top + height <= 200 && left + width <= 160);
    assert.ok(width / height > 0.74 && width / height < 1.35);
    assert.ok(height * width > 0.29 * 32000 && height * width <= 32000);
    area += (height * width) / 32000 / 2000;
  }
  assert.ok(area > 0.5 && area < 0.66, `mean area ${area}`);
  assert.deepEqual(sampleCrop(random(1), { height: 10, width: 100 }, { scale: [1, 1], ratio: [1, 1] }), {
    top: 0,
    left: 45,
    height: 10,
    width: 10,
  });
});
