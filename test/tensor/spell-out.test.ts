import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { random } from '../../src/random.js';
import * as t from '../../src/tensor/index.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

const { gradient, layerNorm, mul, spec, standardise, sum, trace } = t;
const draw = random(5);
const normal = (length: number): Float32Array => Float32Array.from({ length }, () => draw.normal());

test('statistics spelt out are those that layer normalisation gives', async () => {
  const program = trace(
    'norms',
    { x: spec([3, 5, 8]), scale: spec([8]), bias: spec([8]) },
    ({ x, scale, bias }) => {
      const y = standardise(mul(layerNorm(x, scale, bias), x));
      const [dx, dscale] = gradient(sum(mul(mul(y, y), y)), [x, scale]);
      return { y, dx: dx as t.Tensor, dscale: dscale as t.Tensor };
    },
  );
  const spelt = t.spellOutStatistics(program);
  const used = (nodes: readonly t.Node[]): number =>
    nodes.filter((node) =>
      node.inputs.some(
        (input) => input.producer?.type === 'LayerNormalization' && input.producer.outputs.indexOf(input) > 0,
      ),
    ).length;
  assert.ok(used(program.nodes) > 0);
  assert.equal(used(spelt.nodes), 0);
  const feeds = { x: normal(120), scale: normal(8), bias: normal(8) };
  const given = await (await engine.compile(program)).run(feeds);
  const own = await (await engine.compile(spelt)).run(feeds);
  for (const key of ['y', 'dx', 'dscale'] as const) {
    const expected = Array.from((await given[key].read()) as Float32Array);
    Array.from((await own[key].read()) as Float32Array).forEach((value, i) => {
      const wanted = expected[i] as number;
      assert.ok(Math.abs(value - wanted) < 1e-4 * Math.max(1, Math.abs(wanted)), `${key} ${value} ${wanted}`);
    });
  }
});
