// Trains the same small model on the CPU and on another device, on the same batches, and measures both models on the
// CPU: how far their weights are apart after one step, and MRR after the last.
//
//   npx tsx bench/devices.ts --device webgpu --steps 200 [--preset demo] [--set batch=16]
import { parseArgs } from 'node:util';
import { openImages } from '../src/data/images.js';
import { createEngine } from '../src/engine/create-engine.js';
import type { Device } from '../src/engine/index.js';
import { createEvaluator } from '../src/evaluate/evaluator.js';
import { evaluatorConfig, resolve } from '../src/run/config.js';
import { Batches } from '../src/train/batches.js';
import { measureHealth } from '../src/train/health.js';
import { holdOut } from '../src/train/held-out.js';
import { rates } from '../src/train/schedule.js';
import { stepConfig, traceStep } from '../src/train/step.js';
import { initialState, Trainer } from '../src/train/trainer.js';
import type { ModelWeights } from '../src/world-model/index.js';

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'webgpu' },
    preset: { type: 'string', default: 'demo' },
    steps: { type: 'string', default: '200' },
    set: { type: 'string', multiple: true, default: [] },
  },
});
const set = Object.fromEntries(
  values.set.map((text) => [text.split('=')[0], JSON.parse(text.slice(text.indexOf('=') + 1))]),
);
const config = resolve(values.preset, { ...set, steps: Number(values.steps) });
const images = await openImages(config.data, { size: config.image.stored });
const { training, heldOut, bank } = holdOut(images, config.seed);
const cpu = createEngine();
const evaluator = await createEvaluator(cpu, evaluatorConfig(config));

/** Trains on a device. @returns the weights after the first step and after the last */
async function train(device: Device): Promise<[first: ModelWeights, last: ModelWeights]> {
  const engine = createEngine({ device });
  const settings = stepConfig(config);
  const { state, frozenEncoder } = initialState(settings, config.seed);
  const trainer = await Trainer.create(engine, traceStep(settings), settings, state, {
    frozenEncoder,
    parted: false,
  });
  const batches = new Batches(training, settings.views, config.seed, settings.batch);
  let first: ModelWeights | undefined;
  for (let step = 0; step < config.steps; step++) {
    const began = performance.now();
    const { loss } = await trainer.update([await batches.get(step)], rates(config, step));
    first ??= await trainer.weights();
    if (step === 0 || (step + 1) % 20 === 0)
      console.error(
        `${device} step ${step + 1}: loss ${loss.toFixed(6)}, ${(performance.now() - began).toFixed(0)} ms`,
      );
  }
  const last = await trainer.weights();
  engine.dispose();
  return [first as ModelWeights, last];
}

/** Largest difference of any weight. */
function apart(a: ModelWeights, b: ModelWeights): number {
  let most = 0;
  for (const part of ['encoder', 'predictor', 'target'] as const)
    for (const [group, numbers] of Object.entries(a[part]))
      numbers.forEach((value, i) => {
        most = Math.max(most, Math.abs(value - (b[part][group]?.[i] as number)));
      });
  return most;
}

const other = values.device as Device;
const [here, there] = [await train('cpu'), await train(other)];
console.log(`weights after the first step: at most ${apart(here[0], there[0]).toExponential(1)} apart`);
for (const [device, [, weights]] of [
  ['cpu', here],
  [other, there],
] as const) {
  const check = { evaluator, heldOut, bank, ranked: 32, seed: config.seed };
  const { mrr, mrrStandardError } = await measureHealth(check, weights, config.steps);
  console.log(
    `trained on ${device}: MRR ${mrr.toFixed(3)} ± ${mrrStandardError?.toFixed(3)} after ${config.steps} steps of ${config.batch}`,
  );
}
cpu.dispose();
await images.close();
