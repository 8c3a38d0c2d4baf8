// What is XLA's own; what it has in common with the other engine is tried by suites on each device.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEngine } from '../../../src/engine/create-engine.js';
import { UserError } from '../../../src/errors.js';
import { add, matmul, spec, type Tensor, trace } from '../../../src/tensor/index.js';
import { apply } from '../../../src/tensor/op.js';
import { skip } from '../each-device.js';

describe('XLA', { skip }, () => {
  if (skip) return;

  test('others go on while it compiles and runs', async () => {
    const engine = createEngine({ device: 'xla:cpu' });
    let turns = 0;
    let working = true;
    const turn = (): void => {
      turns++;
      if (working) setImmediate(turn);
    };
    const square = spec([256, 256]);
    const program = trace('product', { x: square }, ({ x }) => ({ y: matmul(x, matmul(x, x)) }));
    setImmediate(turn);
    const executable = await engine.compile(program);
    const compiling = turns;
    await executable.run({ x: new Float32Array(256 * 256) });
    working = false;
    assert.ok(compiling > 10, `${compiling} turns of the event loop`);
    assert.ok(turns > compiling);
    engine.dispose();
  });

  test('what the plugin refuses is one line, with the device and the program', async () => {
    const engine = createEngine({ device: 'xla:cpu' });
    const program = trace('odd', { x: spec([2]) }, ({ x }) => ({
      y: apply(
        'Odd',
        {
          infer: ([x]) => [x as Tensor],
          stablehlo: (h, input) => [h.emit(`stablehlo.odd ${input(0).name} : tensor<2xf32>`, input(0))],
        },
        [x],
      ),
    }));
    await assert.rejects(engine.compile(program), (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, /^--device xla:cpu: odd: .*stablehlo\.odd/);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
    engine.dispose();
  });

  test('inputs of two sizes for one symbol are refused', async () => {
    const engine = createEngine({ device: 'xla:cpu' });
    const specs = { a: spec(['batch', 2]), b: spec(['batch', 2]) };
    const sum = await engine.compile(trace('sum', specs, ({ a, b }) => ({ y: add(a, b) })));
    await assert.rejects(
      sum.run({ a: [1, 2], b: [1, 2, 3, 4] }),
      /^Error: sum: batch is 1, and 2 by input b$/,
    );
    engine.dispose();
  });
});
