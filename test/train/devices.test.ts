// Many devices share out a batch, and what they have learned is what one has.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openImages } from '../../src/data/images.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { UserError } from '../../src/errors.js';
import { type Config, resolve } from '../../src/run/config.js';
import { collect } from '../../src/run/named-tensors.js';
import { type State, stateSections } from '../../src/run/state.js';
import { Batches } from '../../src/train/batches.js';
import { rates } from '../../src/train/schedule.js';
import { stepConfig, traceStep } from '../../src/train/step.js';
import { initialState, Trainer } from '../../src/train/trainer.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { layouts } from '../../src/world-model/index.js';
import { skip } from '../engine/each-device.js';
import { tiny } from './tiny-run.js';

const STEPS = 20;
const config = resolve('demo', { ...tiny, data: ['synthetic:64'], steps: STEPS });
const settings = stepConfig(config);

/**
 * The weights, without the biases of keys: a softmax does not change with them, so their gradient is zero but for
 * rounding, which the optimiser makes as large as any other.
 */
function weightsOf(state: State<Float32Array>): number[] {
  const tensors = [...collect(stateSections(state, layouts(settings.model)))];
  return tensors.flatMap(([name, { data }]) => {
    if (!/^(encoder|predictor|target_encoder)\./.test(name)) return [];
    const third = data.length / 3;
    return Array.from(data).filter((_, i) => !(name.endsWith('qkv.bias') && i >= third && i < 2 * third));
  });
}
const norm = (numbers: readonly number[]): number => Math.hypot(...numbers);
const minus = (a: readonly number[], b: readonly number[]): number[] =>
  a.map((value, i) => value - (b[i] as number));

/** Weights after some steps on so many devices. */
async function train(devices: number, sharding: Config['sharding']): Promise<number[]> {
  const engine = createEngine({ device: 'xla:cpu', devices });
  const images = await openImages(config.data, { size: config.image.stored });
  const trainer = await Trainer.create(engine, traceStep(settings), settings, initialState(settings, 0), {
    parted: false,
    sharding,
  });
  const batches = new Batches(images, settings.views, 0, settings.batch);
  for (let step = 0; step < STEPS; step++)
    await trainer.update([await batches.get(step)], rates(config, step));
  const weights = weightsOf(await trainer.state());
  await images.close();
  engine.dispose();
  return weights;
}

const refused = (options: { device: 'cpu' | 'xla:cpu'; devices: number }, message: RegExp) =>
  assert.rejects(
    pretrain(config, { out: 'never-made', ...options }),
    (error) => error instanceof UserError && message.test(error.message) && !error.message.includes('\n'),
  );

test('several devices of what is one are refused in a line', () =>
  assert.rejects(
    async () => createEngine({ device: 'cpu', devices: 2 }),
    /^UserError: --devices 2: cpu is one device; several compute together with XLA, such as --device cuda$/,
  ));

describe('many devices', { skip }, () => {
  if (skip) return;

  test('weights are those of one device, whether each has all of the state or its share', async () => {
    const start = weightsOf(initialState(settings, 0).state);
    const one = await train(1, 'none');
    const change = norm(minus(one, start));
    assert.ok(change > 1, `${change}`);
    for (const [devices, sharding] of [
      [2, 'state'],
      [4, 'none'],
    ] as const) {
      const apart = norm(minus(await train(devices, sharding), one)) / change;
      assert.ok(apart <= 1e-5, `${devices} devices, sharding ${sharding}: ${apart} of the change`);
    }
  });

  test('a batch that the devices do not divide is refused in a line', () =>
    refused({ device: 'xla:cpu', devices: 3 }, /^batch 16 is not divisible by the 3 devices/));
});
