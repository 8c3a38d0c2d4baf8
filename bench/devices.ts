// Trains the same small model on the CPU and on another device, on the same batches, and measures both models on the
// CPU: how far their weights are apart after one step, and MRR after the last.
//
//   npx tsx bench/devices.ts --device xla:cpu --steps 10 [--preset demo] [--set batch=16]
import { parseArgs } from 'node:util';
import { openImages } from '../src/data/images.js';
import { createEngine } from '../src/engine/create-engine.js';
import type { Device } from '../src/engine/index.js';
import { createEvaluator } from '../src/evaluate/evaluator.js';
import { median } from '../src/median.js';
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

const settings = stepConfig(config);

/** Trains on a device. @returns the weights before the first step, after it and after the last */
async function train(
  device: Device,
): Promise<{ before: ModelWeights; first: ModelWeights; last: ModelWeights }> {
  const engine = createEngine({ device });
  const start = initialState(settings, config.seed);
  const began = performance.now();
  const trainer = await Trainer.create(engine, traceStep(settings), settings, start, { parted: false });
  console.error(`${device}: compiled in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  const before = await trainer.weights();
  const batches = new Batches(training, settings.views, config.seed, settings.batch);
  const times: number[] = [];
  let first: ModelWeights | undefined;
  for (let step = 0; step < config.steps; step++) {
    const batch = await batches.get(step);
    const start = performance.now();
    const { loss } = await trainer.update([batch], rates(config, step));
    times.push(performance.now() - start);
    first ??= await trainer.weights();
    if (step === 0 || (step + 1) % 20 === 0 || step + 1 === config.steps)
      console.error(
        `${device} step ${step + 1}: loss ${loss.toFixed(6)}, median ${median(times).toFixed(0)} ms`,
      );
  }
  const last = await trainer.weights();
  engine.dispose();
  return { before, first: first as ModelWeights, last };
}

/** How far weights are apart, as a share of how far the first have come. */
function apart(a: ModelWeights, b: ModelWeights, before: ModelWeights): string {
  const parts = (['encoder', 'predictor', 'target'] as const).map((part) => {
    let difference = 0;
    let change = 0;
    for (const [group, numbers] of Object.entries(a[part]))
      numbers.forEach((value, i) => {
        difference += (value - (b[part][group]?.[i] as number)) ** 2;
        change += (value - (before[part][group]?.[i] as number)) ** 2;
      });
    return `${part} ${Math.sqrt(difference / change).toExponential(1)}`;
  });
  return parts.join(', ');
}

const other = values.device as Device;
const [here, there] = [await train('cpu'), await train(other)];
for (const [when, which] of [
  ['the first step', 'first'],
  [`${config.steps} steps`, 'last'],
] as const)
  console.log(
    `weights after ${when}, difference over change: ${apart(here[which], there[which], here.before)}`,
  );
for (const [device, { last: weights }] of [
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
