// A step in bfloat16: gradients are float32's to its rounding, it learns as fast, and an engine without it says so.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { openImages } from '../../src/data/images.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { UserError } from '../../src/errors.js';
import { resolve } from '../../src/run/config.js';
import { leaves, type Tree } from '../../src/tensor/index.js';
import { Batches } from '../../src/train/batches.js';
import { rates } from '../../src/train/schedule.js';
import { stepConfig, traceStep } from '../../src/train/step.js';
import { initialState, Trainer } from '../../src/train/trainer.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { skip } from '../engine/each-device.js';
import { tiny } from './tiny-run.js';

const STEPS = 40;
const inPrecision = (precision: 'float32' | 'bfloat16') =>
  // Of the last block alone: what is predicted of early ones is not learned in so few steps.
  resolve('demo', { ...tiny, data: ['synthetic:64'], steps: STEPS, precision, 'predictor.targetBlocks': 1 });
const isArray = (value: unknown): value is Float32Array => value instanceof Float32Array;

/** Losses, and the gradients of the first step: what AdamW's means are then, but for a factor. */
async function train(precision: 'float32' | 'bfloat16') {
  const engine = createEngine({ device: 'xla:cpu' });
  const config = inPrecision(precision);
  const settings = stepConfig(config);
  const images = await openImages(config.data, { size: config.image.stored });
  const start = initialState(settings, 0);
  const trainer = await Trainer.create(engine, traceStep(settings), settings, start, { parted: false });
  const batches = new Batches(images, settings.views, 0, settings.batch);
  const losses: number[] = [];
  const update = async (step: number) =>
    losses.push((await trainer.update([await batches.get(step)], rates(config, step))).loss);
  await update(0);
  const { mean } = await trainer.state();
  for (let step = 1; step < STEPS; step++) await update(step);
  await images.close();
  engine.dispose();
  return { losses, gradients: leaves(mean as unknown as Tree<Float32Array>, isArray) };
}

test('a device without it says so in a line, before anything is written', () =>
  assert.rejects(
    pretrain(inPrecision('bfloat16'), { out: 'never-made' }),
    (error) =>
      error instanceof UserError &&
      /^precision bfloat16: --device cpu does not multiply in it; cuda, rocm and tpu do/.test(
        error.message,
      ) &&
      !existsSync('never-made'),
  ));

describe('bfloat16', { skip }, () => {
  if (skip) return;

  test('gradients differ from those of float32 by its rounding, and it learns as much', async () => {
    const [single, half] = [await train('float32'), await train('bfloat16')];
    for (const [i, [name, numbers]] of single.gradients.entries()) {
      const [, rounded] = half.gradients[i]!;
      const error = Math.hypot(...numbers.map((value, at) => value - rounded[at]!)) / Math.hypot(...numbers);
      // A factor is off by 2⁻⁹ at most; many of them follow each other.
      assert.ok(error > 2 ** -10 && error < 2 ** -6, `${name}: ${error}`);
    }
    const end = ({ losses }: typeof half) => losses.slice(-10).reduce((a, b) => a + b, 0);
    assert.ok(end(half) < 0.3 * 10 * half.losses[0]!, `${half.losses}`);
    assert.ok(Math.abs(end(half) / end(single) - 1) < 0.02, `${end(half)}, float32's ${end(single)}`);
  });
});
