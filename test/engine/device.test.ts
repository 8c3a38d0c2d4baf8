import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Device } from '../../src/engine/index.js';
import { UserError } from '../../src/errors.js';
import { resolve } from '../../src/run/config.js';
import { profileStep } from '../../src/speed/profile.js';
import { openTimedSteps } from '../../src/speed/timed-steps.js';
import { tiny } from '../train/tiny-run.js';
import { skip } from './each-device.js';

const config = resolve('demo', { ...tiny, data: ['synthetic:32'], batch: 8 });

async function losses(device: Device): Promise<number[]> {
  const engine = createEngine({ threads: 1, device });
  const steps = await openTimedSteps(config, engine);
  try {
    const found: number[] = [];
    for (let step = 0; step < 3; step++) found.push((await steps.run()).loss);
    return found;
  } finally {
    engine.dispose();
    await steps.close();
  }
}

test('webgpu: the CPU’s losses, or one line that it is not there', async (t) => {
  const expected = await losses('cpu');
  let found: number[];
  try {
    found = await losses('webgpu');
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, /^--device webgpu cannot be used on this machine: .*use --device cpu$/);
    return t.diagnostic(error.message);
  }
  found.forEach((loss, i) => {
    assert.ok(Math.abs(loss / (expected[i] as number) - 1) < 1e-4, `${loss} and ${expected[i]}`);
  });
  const { fellBack } = await profileStep(config, { rounds: 1, threads: 1, device: 'webgpu' });
  // A reshape computes nothing; whatever else the CPU did would copy tensors back and forth.
  assert.deepEqual(
    fellBack.map(({ name }) => name).filter((name) => name !== 'Reshape'),
    [],
  );
});

test('xla:cpu: the CPU’s losses', { skip }, async () => {
  const expected = await losses('cpu');
  const found = await losses('xla:cpu');
  found.forEach((loss, i) => {
    assert.ok(Math.abs(loss / (expected[i] as number) - 1) < 1e-5, `${loss} and ${expected[i]}`);
  });
});
