import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawnImages } from '../../src/data/drawn-images.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { TrainedModel } from '../../src/model/trained-model.js';
import { resolve } from '../../src/run/config.js';
import { Watch, type Watched, watchEvery } from '../../src/train/watch.js';
import { tiny, untrained } from './tiny-run.js';

const config = resolve('demo', tiny);
const weights = untrained(config);

test('who watches is shown what the model retrieves by then, and only when it is time', async () => {
  const images = drawnImages('synthetic:3', { size: 16 })!;
  const engine = createEngine({ threads: 1 });
  const seen: Watched[] = [];
  const watch = new Watch(config, engine, images, 4, (each) => seen.push(each), undefined);
  let read = 0;
  for (let step = 0; step <= 6; step++)
    await watch.after(step, async () => {
      read++;
      return weights;
    });
  assert.deepEqual([seen.map(({ step }) => step), read], [[4], 1]);
  const model = new TrainedModel(config, engine, weights);
  const pixels = await images.batch([0]);
  const names = ['brightness', 'contrast', 'saturation', 'hue'] as const;
  assert.deepEqual(seen[0]!.rows, await Promise.all(names.map((name) => model.sweep(pixels, name))));
  assert.deepEqual(
    [...seen[0]!.original.pixels.subarray(0, 3)],
    [0, 256, 512].map((at) => Math.round(255 * pixels[at]!)),
  );
  model.dispose();
});

test('looks come the seldomer the less a step costs', () => {
  const [cheap, dear] = [watchEvery(config, 1e6), watchEvery(config, 1e7)];
  assert.ok(cheap > 9 * dear && cheap <= 10 * dear);
  assert.equal(watchEvery(config, 1e15), 1);
});
