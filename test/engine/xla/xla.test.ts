// What is XLA's own; what it has in common with the other engine is tried by suites on each device.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  test('a compiled program is kept, loaded by the next engine, and compiled anew where its file is torn', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'iwm-cache-'));
    const before = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = folder;
    const program = trace('count', { state: spec([3]), by: spec([3]) }, ({ state, by }) => ({
      state: add(state, by),
    }));
    const count = async (): Promise<number[]> => {
      const engine = createEngine({ device: 'xla:cpu' });
      const executable = await engine.compile(program, { updates: 'state' });
      const state = engine.value({ dtype: 'float32', shape: [3] }, Float32Array.of(1, 2, 3));
      for (let i = 0; i < 3; i++) await executable.run({ state, by: [1, 2, 3] });
      engine.dispose();
      return Array.from(await state.read(), Number);
    };
    const files = () => readdirSync(join(folder, 'iwm')).map((name) => join(folder, 'iwm', name));
    try {
      assert.deepEqual(await count(), [4, 8, 12]);
      const [file = '', ...others] = files();
      assert.deepEqual(others, []);
      const long = new Date(2000, 1);
      utimesSync(file, long, long);
      assert.deepEqual(await count(), [4, 8, 12]);
      assert.ok(statSync(file).mtime > long, 'it was used');
      const whole = readFileSync(file);
      for (const torn of [whole.subarray(0, -9), whole.subarray(0, 20), Buffer.alloc(0)]) {
        writeFileSync(file, torn);
        assert.deepEqual(await count(), [4, 8, 12]);
        assert.equal(readFileSync(file).length, whole.length);
      }
      assert.deepEqual(files(), [file]);
    } finally {
      if (before === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = before;
      rmSync(folder, { recursive: true });
    }
  });
});
