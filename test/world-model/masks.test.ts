import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { random } from '../../src/random.js';
import { defaultMaskCounts, type Grid, paperRectangles, sampleMasks } from '../../src/world-model/masks.js';

const grids: Grid[] = [
  { rows: 8, columns: 8 },
  { rows: 14, columns: 14 },
  { rows: 4, columns: 7 },
  { rows: 2, columns: 2 },
];

const ascending = (tokens: Int32Array) => tokens.every((token, at) => at === 0 || tokens[at - 1]! < token);

test('masks have exactly the wanted counts, sorted, inside the grid and disjoint', () => {
  for (const grid of grids) {
    const tokens = grid.rows * grid.columns;
    const { visible, predicted } = defaultMaskCounts(grid);
    const counts = [
      [visible, predicted],
      [1, 1],
      [1, tokens - 1],
      [tokens - 1, 1],
      [Math.floor(tokens / 2), Math.ceil(tokens / 2)],
    ];
    for (const [v = 0, p = 0] of counts) {
      for (let draw = 0; draw < 60; draw++) {
        const both = draw % (v + 1);
        const masks = sampleMasks(random(5, draw), grid, {
          visible: v,
          predicted: p,
          predictedVisible: both / v,
          ...paperRectangles,
        });
        assert.equal(masks.visible.length, v);
        assert.equal(masks.predicted.length, p + both);
        assert.ok(ascending(masks.visible) && ascending(masks.predicted));
        const all = new Set([...masks.visible, ...masks.predicted]);
        assert.equal(all.size, v + p);
        assert.ok([...all].every((token) => token >= 0 && token < tokens));
      }
    }
  }
});

test('the same stream gives the same masks, others differ', () => {
  const draw = (sample: number) =>
    sampleMasks(
      random(1, sample),
      { rows: 8, columns: 8 },
      { visible: 24, predicted: 20, predictedVisible: 0, ...paperRectangles },
    );
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
});

test('default counts: the union covers about half of the grid, and most tokens are seen or predicted', () => {
  for (const grid of grids.slice(0, 2)) {
    const tokens = grid.rows * grid.columns;
    const { visible, predicted } = defaultMaskCounts(grid);
    assert.ok(predicted / tokens > 0.38 && predicted / tokens < 0.54, `predicted ${predicted} of ${tokens}`);
    assert.ok(visible / tokens > 0.35 && visible / tokens < 0.55, `visible ${visible} of ${tokens}`);
    assert.ok((visible + predicted) / tokens > 0.8);
  }
});

test('an untrimmed mask is a union of rectangles: predicted tokens hang together in a few blocks', () => {
  const grid = { rows: 14, columns: 14 };
  const one = { rectangles: 1, scale: [0.15, 0.2], aspect: [0.75, 1.5] } as const;
  for (let draw = 0; draw < 50; draw++) {
    // One rectangle holds at most 42 tokens after rounding; asking for 60 makes it grow by neighbours.
    const { predicted } = sampleMasks(random(9, draw), grid, {
      visible: 20,
      predicted: 60,
      predictedVisible: 0,
      ...one,
    });
    const left = new Set(predicted);
    const queue = [predicted[0]!];
    left.delete(predicted[0]!);
    for (let token = queue.pop(); token !== undefined; token = queue.pop()) {
      const column = token % 14;
      const near = [
        token - 14,
        token + 14,
        ...(column > 0 ? [token - 1] : []),
        ...(column < 13 ? [token + 1] : []),
      ];
      for (const other of near) if (left.delete(other)) queue.push(other);
    }
    assert.equal(left.size, 0, 'the grown mask is connected');
  }
});

test('every token is seen, and predicted, sometimes', () => {
  const seen = new Set<number>();
  const asked = new Set<number>();
  for (let draw = 0; draw < 200; draw++) {
    const grid = { rows: 8, columns: 8 };
    const masks = sampleMasks(random(2, draw), grid, {
      visible: 24,
      predicted: 20,
      predictedVisible: 0,
      ...paperRectangles,
    });
    for (const token of masks.visible) seen.add(token);
    for (const token of masks.predicted) asked.add(token);
  }
  assert.equal(seen.size, 64);
  assert.equal(asked.size, 64);
});

test('counts that do not fit are refused in one line', () => {
  const grid = { rows: 4, columns: 4 };
  for (const [visible, predicted] of [
    [10, 7],
    [0, 4],
    [4, 0],
    [1.5, 2],
  ] as const)
    assert.throws(
      () => sampleMasks(random(1), grid, { visible, predicted, predictedVisible: 0, ...paperRectangles }),
      (error: Error) =>
        error instanceof UserError && /grid of 4 × 4/.test(error.message) && !/\n/.test(error.message),
    );
});
