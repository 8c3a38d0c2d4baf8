// What ranks spend on summing gradients: milliseconds of a step, and of those that pass in sums, waiting for the slowest
// rank included.
//
//   mpirun -n 2 npx tsx bench/ranks.ts [--preset cifar] [--batch 256] [--steps 10] [--threads 1] [--device cpu]
//
// Of one rank: npx tsx bench/ranks.ts.
import { parseArgs } from 'node:util';
import { openImages } from '../src/data/images.js';
import { createEngine } from '../src/engine/create-engine.js';
import type { Device } from '../src/engine/index.js';
import { median } from '../src/median.js';
import { openRanks } from '../src/ranks/open-ranks.js';
import type { Ranks } from '../src/ranks/ranks.js';
import { resolve } from '../src/run/config.js';
import { Batches } from '../src/train/batches.js';
import { ownRuns } from '../src/train/own-runs.js';
import { rates } from '../src/train/schedule.js';
import { stepConfig, traceStep } from '../src/train/step.js';
import { initialState, Trainer } from '../src/train/trainer.js';

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'cifar' },
    batch: { type: 'string' },
    steps: { type: 'string', default: '10' },
    threads: { type: 'string', default: '1' },
    device: { type: 'string', default: 'cpu' },
  },
});
const ranks = await openRanks();
let [summing, bytes] = [0, 0];
const timed: Ranks = {
  ...ranks,
  async sum(numbers) {
    bytes += numbers.byteLength;
    const began = performance.now();
    await ranks.sum(numbers);
    // They begin together, one after the other: the last to end has taken what all take.
    summing = Math.max(summing, performance.now() - began);
  },
};

const given = values.batch === undefined ? {} : { batch: Number(values.batch) };
const config = resolve(values.preset, { ...given, data: ['synthetic:2000'] });
const settings = stepConfig(config, ranks);
const images = await openImages(config.data, { size: config.image.stored });
const engine = createEngine({ threads: Number(values.threads), device: values.device as Device });
const how = { parted: ranks.size > 1, ranks: timed };
const trainer = await Trainer.create(
  engine,
  traceStep(settings),
  settings,
  initialState(settings, config.seed),
  how,
);
const together = config.batch / config.accumulate;
const places = ownRuns(config, ranks);
const batches = new Batches(images, settings.views, config.seed, together, undefined, places);

const steps: { whole: number; sums: number }[] = [];
for (let number = 0; number < Number(values.steps) + 2; number++) {
  const batch = await batches.get(number % 4);
  await ranks.sum(new Float32Array(1));
  [summing, bytes] = [0, 0];
  const began = performance.now();
  await trainer.update([batch], rates(config, 0));
  // The first steps find nothing in the caches.
  if (number >= 2) steps.push({ whole: performance.now() - began, sums: summing });
}
const of = (key: 'whole' | 'sums'): number => median(steps.map((step) => step[key]));
if (ranks.rank === 0)
  console.log(
    `${values.preset}, batch ${config.batch}, ${ranks.size} ranks of ${values.threads} threads: step ${of('whole').toFixed(0)} ms, of that in sums of ${(bytes / 1e6).toFixed(1)} MB ${of('sums').toFixed(1)} ms (${((100 * of('sums')) / of('whole')).toFixed(1)} %)`,
  );
engine.dispose();
await images.close();
ranks.close();
