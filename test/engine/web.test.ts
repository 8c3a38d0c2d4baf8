import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openImages } from '../../src/data/images.js';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/index.js';
import { createWebEngine } from '../../src/engine/onnxruntime-web.js';
import { resolve } from '../../src/run/config.js';
import { Batches } from '../../src/train/batches.js';
import { rates } from '../../src/train/schedule.js';
import { stepConfig, traceStep } from '../../src/train/step.js';
import { initialState, Trainer } from '../../src/train/trainer.js';
import { tiny } from '../train/tiny-run.js';

const config = resolve('demo', { ...tiny, steps: 20 });
const settings = stepConfig(config);

/** Trains a tiny model: its first and last weights, and the losses. */
async function trained(engine: Engine) {
  const images = await openImages(['synthetic:64'], { size: config.image.stored });
  const start = initialState(settings, 0);
  const first = structuredClone(start.state.weights.encoder);
  const trainer = await Trainer.create(engine, traceStep(settings), settings, start, { parted: false });
  const batches = new Batches(images, settings.views, 0, settings.batch);
  const losses: number[] = [];
  for (let step = 0; step < config.steps; step++)
    losses.push((await trainer.update([await batches.get(step)], rates(config, step))).loss);
  const { encoder } = await trainer.weights();
  engine.dispose();
  await images.close();
  return { first, encoder, losses };
}

test("the browser's WebAssembly trains as Node does, to a thousandth of what training changes", async () => {
  const node = await trained(createEngine({ threads: 1 }));
  const web = await trained(await createWebEngine({ device: 'cpu' }));
  for (const [step, loss] of web.losses.entries())
    assert.ok(Math.abs(loss - node.losses[step]!) < 1e-4 * loss, `step ${step}`);
  for (const [group, weights] of Object.entries(node.encoder)) {
    const squares = (other: Float32Array) => weights.reduce((sum, w, i) => sum + (w - other[i]!) ** 2, 0);
    const [difference, change] = [squares(web.encoder[group]!), squares(node.first[group]!)].map(Math.sqrt);
    assert.ok(change! > 0 && difference! < 1e-3 * change!, `${group}: ${difference} of ${change}`);
  }
});

test('a browser without WebGPU says so', async () => {
  await assert.rejects(createWebEngine({ device: 'webgpu' }), /this browser has no WebGPU/);
});
