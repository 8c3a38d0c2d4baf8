import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openImages } from '../../src/data/images.js';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine, Executable, Value } from '../../src/engine/index.js';
import { resolve } from '../../src/run/config.js';
import { leaves, type Tree } from '../../src/tensor/index.js';
import { Batches } from '../../src/train/batches.js';
import { rates } from '../../src/train/schedule.js';
import { stepConfig, traceStep } from '../../src/train/step.js';
import { initialState, Trainer } from '../../src/train/trainer.js';
import { tiny } from './tiny-run.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

const isValue = (value: unknown): value is Value => typeof (value as Value | undefined)?.read === 'function';

/** The engine, and the values that its programs have given and nobody has disposed of. */
function counted(own: Engine): { engine: Engine; alive: Set<Value> } {
  const alive = new Set<Value>();
  const compile = async (...args: Parameters<Engine['compile']>): Promise<Executable> => {
    const executable = (await own.compile(...args)) as Executable;
    return {
      program: executable.program,
      dispose: () => executable.dispose(),
      run: async (feeds) => {
        const given = new Set(leaves(feeds as Tree<Value>, isValueOrNumbers).map(([, value]) => value));
        const results = await executable.run(feeds);
        for (const [, value] of leaves(results as Tree<Value>, isValue)) {
          if (given.has(value)) continue;
          alive.add(value);
          const dispose = value.dispose.bind(value);
          value.dispose = () => {
            alive.delete(value);
            dispose();
          };
        }
        return results;
      },
    };
  };
  return { engine: { ...own, compile: compile as Engine['compile'] }, alive };
}
const isValueOrNumbers = (value: unknown): value is Value =>
  isValue(value) || ArrayBuffer.isView(value) || Array.isArray(value);

for (const parted of [false, true])
  for (const accumulate of [1, 3])
    test(`${accumulate} runs a step${parted ? ', a group at a time' : ''}: nothing but the state stays in the engine`, async () => {
      const config = resolve('demo', { ...tiny, data: ['synthetic:32'], batch: 12, accumulate });
      const settings = stepConfig(config);
      const images = await openImages(config.data, { size: config.image.stored });
      const { engine: own, alive } = counted(engine);
      const trainer = await Trainer.create(own, traceStep(settings), settings, initialState(settings, 0), {
        parted,
      });
      const batches = new Batches(images, settings.views, 0, settings.batch);
      const sizes: number[] = [];
      for (let step = 0; step < 2; step++) {
        const fed = [];
        for (let run = 0; run < accumulate; run++) fed.push(await batches.get(step * accumulate + run));
        await trainer.update(fed, rates(config, step));
        sizes.push(alive.size);
      }
      // A whole step updates the values that it was given; in parts, its groups are results.
      const groups = leaves((await trainer.state()) as never, ArrayBuffer.isView).length;
      assert.deepEqual(sizes, parted ? [groups, groups] : [0, 0]);
      await images.close();
    });
