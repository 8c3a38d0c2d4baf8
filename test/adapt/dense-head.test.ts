import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  type DenseHead,
  type DenseHeadConfig,
  denseHeadSpec,
  denseLoss,
  pointLogits,
  tokenLogits,
} from '../../src/adapt/network/dense-head.js';
import { tokenGrid } from '../../src/adapt/network/network.js';
import { atPoints } from '../../src/adapt/tasks/mask-classes.js';
import { toldClasses } from '../../src/adapt/tasks/told-classes.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { Compiled } from '../../src/engine/index.js';
import { flatSpecs, initialise, layout, unpack } from '../../src/nn/index.js';
import { random } from '../../src/random.js';
import { gradient, spec, type Tensor, trace } from '../../src/tensor/index.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());
const draw = random(11);
const normals = (length: number): Float32Array => Float32Array.from({ length }, () => draw.normal());

/**
 * Bilinear interpolation by its definition: between the four tokens around a place, the outermost going on to the edge.
 * @param middle where token i's middle lies along a side of 1
 */
function bilinear(
  logits: Float32Array,
  { side, classes }: DenseHeadConfig,
  middle: (token: number) => number,
  [y, x]: readonly [number, number],
  label: number,
): number {
  const around = (place: number): [number, number, number] => {
    let first = 0;
    while (first + 1 < side && middle(first + 1) <= place) first++;
    const next = Math.min(first + 1, side - 1);
    if (next === first || place <= middle(first)) return [first, next, 0];
    return [first, next, (place - middle(first)) / (middle(next) - middle(first))];
  };
  const [top, bottom, down] = around(y);
  const [left, right, over] = around(x);
  const at = (row: number, column: number): number => logits[(row * side + column) * classes + label]!;
  return (
    (1 - down) * ((1 - over) * at(top, left) + over * at(top, right)) +
    down * ((1 - over) * at(bottom, left) + over * at(bottom, right))
  );
}

/** Heads on 8 × 8 patches of 4 pixels, of which every first, second or third… is predicted. */
const heads = [1, 2, 4].map((stride) => ({
  stride,
  config: {
    kind: 'dense',
    classes: 3,
    width: 6,
    ...tokenGrid(
      { depth: 1, width: 6, heads: 1, image: 32, patch: 4 },
      stride === 1 ? undefined : { contextBlocks: 0, stride },
    ),
  } as DenseHeadConfig,
  /** As `predictedPositions` has them: the middle patch of every square. */
  middle: (token: number) => (Math.floor(stride / 2) + token * stride + 0.5) / 8,
}));

test('logits at points are bilinear between the places that tokens stand for, at every stride', async () => {
  for (const { stride, config, middle } of heads) {
    assert.deepEqual([config.side, config.points], [8 / stride, 32]);
    const count = config.side ** 2 * config.classes;
    const logits = normals(2 * count);
    const program = trace('points', { x: spec([2, config.side ** 2, 3]) }, ({ x }) => ({
      out: pointLogits(x, config),
    }));
    const { out } = await (await engine.compile(program)).run({ x: logits });
    const found = (await out.read()) as Float32Array;
    for (let i = 0; i < found.length; i += 7) {
      const [image, point, label] = [Math.floor(i / (3 * 32 ** 2)), Math.floor(i / 3) % 32 ** 2, i % 3];
      const place = [(Math.floor(point / 32) + 0.5) / 32, ((point % 32) + 0.5) / 32] as const;
      const own = logits.subarray(image * count, (image + 1) * count);
      const expected = bilinear(own, config, middle, place, label);
      assert.ok(Math.abs(found[i]! - expected) < 1e-5, `stride ${stride}, ${i}: ${found[i]} for ${expected}`);
    }
  }
});

test('every pixel is told the class of its largest logit, of images of any shape, also in strips; never the ignored', async () => {
  const compiled = new Compiled(engine);
  for (const { config, middle } of heads)
    for (const [height, width] of [
      [48, 33],
      [9, 100],
      [1500, 1000],
    ] as const)
      for (const ignored of [undefined, 1]) {
        const logits = normals(config.side ** 2 * 3);
        const told = await toldClasses(compiled, logits, config, { width, height }, ignored);
        assert.equal(told.length, width * height);
        for (let pixel = 0; pixel < told.length; pixel += height > 100 ? 997 : 1) {
          const place = [
            (Math.floor(pixel / width) + 0.5) / height,
            ((pixel % width) + 0.5) / width,
          ] as const;
          const values = [0, 1, 2].map((label) =>
            label === ignored ? -Infinity : bilinear(logits, config, middle, place, label),
          );
          assert.notEqual(told[pixel], ignored);
          assert.ok(values[told[pixel]!]! > Math.max(...values) - 1e-5, `${height} × ${width}, ${pixel}`);
        }
      }
  await assert.rejects(
    toldClasses(
      compiled,
      Float32Array.of(Number.NaN),
      { ...heads[0]!.config, side: 1 },
      { width: 2, height: 2 },
    ),
    /not finite/,
  );
});

test('the loss and its gradient against the definition and central differences', async () => {
  const config: DenseHeadConfig = { kind: 'dense', classes: 3, width: 5, side: 2, shift: 0, points: 4 };
  const [batch, tokens] = [2, 4];
  const parts = layout(denseHeadSpec(config));
  const weights = initialise(parts, 4, 0);
  for (const group of Object.values(weights)) for (let i = 0; i < group.length; i++) group[i] = draw.normal();
  const x = normals(batch * tokens * config.width);
  const targets = Int32Array.from({ length: batch * 16 }, () => draw.integer(4) - 1);
  const specs = {
    x: spec([batch, tokens, config.width]),
    targets: spec([batch, 16], 'int32'),
    weights: flatSpecs(parts),
  };
  const program = trace('dense', specs, (inputs) => {
    const { x, targets, weights } = inputs as unknown as {
      x: Tensor;
      targets: Tensor;
      weights: { matrices: Tensor; vectors: Tensor };
    };
    const head = unpack(parts, weights) as unknown as DenseHead<Tensor>;
    const logits = tokenLogits(x, head);
    const loss = denseLoss(logits, targets, config);
    const [dx, matrices, vectors] = gradient(loss, [x, weights.matrices, weights.vectors]);
    return { logits, loss, dx: dx!, matrices: matrices!, vectors: vectors! };
  });
  const executable = await engine.compile(program);
  const run = async () => {
    const results = await executable.run({ x, targets, weights } as never);
    const read = async (name: keyof typeof results) => (await results[name].read()) as Float32Array;
    return { logits: await read('logits'), loss: (await read('loss'))[0]!, read };
  };
  const { logits, loss, read } = await run();
  let [sum, counted] = [0, 0];
  targets.forEach((label, i) => {
    if (label < 0) return;
    const [image, point] = [Math.floor(i / 16), i % 16];
    const place = [(Math.floor(point / 4) + 0.5) / 4, ((point % 4) + 0.5) / 4] as const;
    const own = logits.subarray(image * 12, (image + 1) * 12);
    const values = [0, 1, 2].map((c) => bilinear(own, config, (token) => (token + 0.5) / 2, place, c));
    sum += Math.log(values.reduce((total, value) => total + Math.exp(value), 0)) - values[label]!;
    counted++;
  });
  assert.ok(counted > 10 && counted < 32);
  assert.ok(Math.abs(loss - sum / counted) < 1e-5, `${loss} for ${sum / counted}`);
  for (const [name, numbers] of [
    ['dx', x],
    ['matrices', weights.matrices!],
    ['vectors', weights.vectors!],
  ] as const) {
    const slopes = await read(name);
    for (let i = 0; i < numbers.length; i += 3) {
      const [value, step] = [numbers[i]!, 0.02];
      numbers[i] = value + step;
      const above = (await run()).loss;
      numbers[i] = value - step;
      const below = (await run()).loss;
      numbers[i] = value;
      const slope = (above - below) / (2 * step);
      assert.ok(Math.abs(slopes[i]! - slope) < 2e-3, `${name} ${i}: ${slopes[i]} for ${slope}`);
    }
  }
});

test('the classes at points are those of the pixels that the points lie in', () => {
  // 6 × 4 pixels, each its own number; a grid of 2 × 2 lies in columns 1 and 4, rows 1 and 3.
  const data = Int16Array.from({ length: 24 }, (_, i) => i);
  assert.deepEqual([...atPoints({ width: 6, height: 4, data }, 2)], [7, 10, 19, 22]);
  assert.deepEqual(
    [...atPoints({ width: 2, height: 1, data: Int16Array.of(3, -1) }, 4)].slice(0, 4),
    [3, 3, -1, -1],
  );
});
