/**
 * Does a run's memory grow? Pretrains and prints the resident memory after every 100 steps.
 *
 *   npx tsx bench/memory.ts --preset cifar --steps 2000
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { resolve } from '../src/run/config.js';
import { pretrain } from '../src/verbs/pretrain.js';

const { values } = parseArgs({
  options: { preset: { type: 'string', default: 'cifar' }, steps: { type: 'string', default: '2000' } },
});
const steps = Number(values.steps);
const config = resolve(values.preset, {
  data: ['synthetic'],
  steps,
  'log.every': 100,
  'health.every': steps,
});
const folder = mkdtempSync(join(tmpdir(), 'iwm-memory-'));
const resident: number[] = [];
await pretrain(config, {
  out: join(folder, 'run'),
  log: {
    note: () => {},
    progress: () => {
      if (resident.length * 100 >= steps) return;
      resident.push(process.memoryUsage().rss);
      console.log(`step ${100 * resident.length}: ${((resident.at(-1) ?? 0) / 2 ** 20).toFixed(0)} MiB`);
    },
  },
});
rmSync(folder, { recursive: true });
const [first = 0, last = 0] = [resident[0], resident.at(-1)];
console.log(`from step 100 to step ${steps}: ${(100 * (last / first - 1)).toFixed(1)} %`);
