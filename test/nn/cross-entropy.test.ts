import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { crossEntropy, partialCrossEntropy } from '../../src/nn/index.js';
import { gradient, spec, trace } from '../../src/tensor/index.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

test('cross-entropy and its gradient against their definition, also of logits beyond any exponential', async () => {
  const rows = [
    [0.5, -1, 2],
    [3, 3, 3],
    [1000, 999, -1000],
    [-500, 400, 401],
  ];
  const labels = [2, 0, 0, 1];
  const program = trace('loss', { x: spec([4, 3], 'float32'), labels: spec([4], 'int32') }, (inputs) => {
    const loss = crossEntropy(inputs.x, inputs.labels);
    return { loss, dx: gradient(loss, [inputs.x])[0]! };
  });
  const { loss, dx } = await (await engine.compile(program)).run({ x: rows.flat(), labels });
  let expected = 0;
  const slopes = rows.flatMap((row, i) => {
    const largest = Math.max(...row);
    const total = row.reduce((sum, value) => sum + Math.exp(value - largest), 0);
    expected += (Math.log(total) + largest - row[labels[i]!]!) / rows.length;
    return row.map((value, j) => (Math.exp(value - largest) / total - Number(j === labels[i])) / rows.length);
  });
  assert.ok(Math.abs(Number((await loss.read())[0]) - expected) < 1e-6);
  const found = (await dx.read()) as Float32Array;
  slopes.forEach((value, i) => {
    assert.ok(Math.abs(found[i]! - value) < 1e-6, `${i}: ${found[i]} for ${value}`);
  });
});

test('rows without a label count for nothing, neither in the loss nor in its gradient', async () => {
  const rows = [
    [0.5, -1, 2],
    [9, -9, 9],
    [3, 0, 1],
  ];
  const specs = { x: spec([3, 3], 'float32'), labels: spec([3], 'int32') };
  const partial = trace('partial', specs, (inputs) => {
    const loss = partialCrossEntropy(inputs.x, inputs.labels);
    return { loss, dx: gradient(loss, [inputs.x])[0]! };
  });
  const few = trace('few', { x: spec([2, 3], 'float32'), labels: spec([2], 'int32') }, (inputs) => {
    const loss = crossEntropy(inputs.x, inputs.labels);
    return { loss, dx: gradient(loss, [inputs.x])[0]! };
  });
  const executable = await engine.compile(partial);
  const found = await executable.run({ x: rows.flat(), labels: [2, -1, 0] });
  const expected = await (await engine.compile(few)).run({
    x: [...rows[0]!, ...rows[2]!],
    labels: [2, 0],
  });
  assert.ok(Math.abs(Number((await found.loss.read())[0]) - Number((await expected.loss.read())[0])) < 1e-6);
  const slopes = Array.from(await found.dx.read(), Number);
  const known = Array.from(await expected.dx.read(), Number);
  [...known.slice(0, 3), 0, 0, 0, ...known.slice(3)].forEach((value, i) => {
    assert.ok(Math.abs(slopes[i]! - value) < 1e-6, `${i}: ${slopes[i]} for ${value}`);
  });
  const none = await executable.run({ x: rows.flat(), labels: [-1, -1, -1] });
  assert.equal(Number((await none.loss.read())[0]), 0);
  assert.ok(Array.from(await none.dx.read(), Number).every((value) => value === 0));
});
