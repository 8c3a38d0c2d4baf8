import { after, describe } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Device, Engine } from '../../src/engine/index.js';

/** Whether the environment names a plugin of XLA for the CPU, xla:cpu; else the reason to skip what needs one. */
const named = /(^|,)\s*cpu:/.test(process.env.PJRT_NAMES_AND_LIBRARY_PATHS ?? '');
export const skip = named ? false : 'no plugin of XLA to try it on: PJRT_NAMES_AND_LIBRARY_PATHS=cpu:FILE';

/** The same suite for every engine that can be tried on a CPU: what one computes, the others compute too. */
export function onEachDevice(suite: (engine: Engine, device: Device) => void): void {
  for (const device of ['cpu', 'xla:cpu'] as const)
    describe(`on ${device}`, { skip: device === 'cpu' ? false : skip }, () => {
      if (device !== 'cpu' && skip) return;
      const engine = createEngine({ threads: 1, device });
      after(() => engine.dispose());
      suite(engine, device);
    });
}
