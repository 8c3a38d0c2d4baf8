// Trains as `iwm pretrain` does, from an empty cache, and says which share of the training time went into waiting for
// input (and sampling its views): in the first epoch, and after it. Health checks and checkpoints count for neither.
//
//   npx tsx bench/input/waiting.ts --data images/ --preset cifar [--epochs 2] [--set KEY=VALUE …] [--threads 2]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openImages } from '../../src/data/images.js';
import { folderStore } from '../../src/run/disk/folder-files.js';
import type { StepLine } from '../../src/run/metrics.js';
import { holdOut } from '../../src/train/held-out.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string', multiple: true, default: ['synthetic'] },
    preset: { type: 'string', default: 'cifar' },
    set: { type: 'string', multiple: true, default: [] },
    epochs: { type: 'string', default: '2' },
    threads: { type: 'string' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'iwm-waiting-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const launcher = fileURLToPath(new URL('../../bin/iwm.js', import.meta.url));
const run = join(folder, 'run');

/** Runs `iwm pretrain` for so many steps. */
function pretrain(steps: number): void {
  const given = [...values.set, 'log.every=1', `health.every=${steps}`].flatMap((text) => ['--set', text]);
  const data = values.data.flatMap((source) => ['--data', source]);
  const threads = values.threads === undefined ? [] : ['--threads', values.threads];
  const fixed = ['pretrain', '--out', run, '--preset', values.preset, '--steps', String(steps)];
  const { status } = spawnSync(process.execPath, [launcher, ...fixed, ...data, ...given, ...threads], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') },
  });
  if (status !== 0) throw new Error(`iwm pretrain ended with ${status}`);
}

const setting = (key: string): string | undefined =>
  values.set.findLast((text) => text.startsWith(`${key}=`))?.slice(key.length + 1);
const { resolve } = await import('../../src/run/config.js');
const batch = Number(setting('batch') ?? resolve(values.preset).batch);
const limit = setting('limit');
const images = await openImages(values.data, {
  size: 1,
  ...(limit === undefined ? {} : { limit: Number(limit) }),
});
const training = holdOut(images, 0).training.length;
await images.close();
const epoch = Math.ceil(training / batch);
pretrain(Math.ceil(Number(values.epochs) * epoch));

const lines = (await folderStore(run).metrics()).filter(
  (line): line is { kind: 'step' } & StepLine => line.kind === 'step',
);
const { image } = JSON.parse(readFileSync(join(run, 'config.json'), 'utf8'));
/** Of steps of equal size: the mean of their shares, weighted by their time. */
function share(steps: readonly StepLine[]): string {
  const seconds = steps.map(({ imagesPerSecond }) => batch / imagesPerSecond);
  const all = seconds.reduce((a, b) => a + b, 0);
  const input = steps.reduce((sum, { inputShare }, i) => sum + inputShare * (seconds[i] as number), 0);
  return `${((100 * input) / all).toFixed(1)} % of ${all.toFixed(0)} s in ${steps.length} steps`;
}
console.log(
  `${values.data.join(' + ')}: ${training} images stored at ${image.stored}, batches of ${batch}, preset ${values.preset}`,
);
console.log(`waiting for input: first epoch ${share(lines.slice(0, epoch))}`);
console.log(`                   after it ${share(lines.slice(epoch))}`);
