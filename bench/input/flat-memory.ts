// Trains one epoch of a tiny model by the command line over many generated images in WebDataset shards, and compares its
// resident memory after the first tenth of the epoch with that at the end. Needs Linux (it reads /proc).
//
//   npx tsx bench/input/flat-memory.ts [--images 500000] [--folder DIR] [--per-shard 5000] [--batch 256]
//
// Shards that the folder holds are not made again; without it they go to a temporary folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { tarHeader } from '../../test/data/tar.js';
import { sceneJpeg } from './scenes.js';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '500000' },
    'per-shard': { type: 'string', default: '5000' },
    batch: { type: 'string', default: '256' },
    folder: { type: 'string' },
  },
});
const [count, perShard, batch] = [Number(values.images), Number(values['per-shard']), Number(values.batch)];
/** Side of the images, pixels; few different ones are drawn, and every file has its number behind its end. */
const SIDE = 32;
const DIFFERENT = 2000;

const temporary = mkdtempSync(join(tmpdir(), 'iwm-flat-'));
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));
const shards = values.folder ?? join(temporary, 'shards');

async function makeShards(): Promise<void> {
  mkdirSync(shards, { recursive: true });
  const scenes: Buffer[] = [];
  for (let i = 0; i < Math.min(DIFFERENT, count); i++) scenes.push(await sceneJpeg(i, SIDE));
  for (let first = 0; first < count; first += perShard) {
    const path = join(shards, `train-${String(first / perShard).padStart(5, '0')}.tar`);
    if (existsSync(path)) continue;
    const file = openSync(`${path}.part`, 'w');
    for (let i = first; i < Math.min(count, first + perShard); i++) {
      const body = scenes[i % scenes.length] as Buffer;
      const name = `${String(i).padStart(9, '0')}.jpg`;
      writeSync(file, Buffer.concat([tarHeader(name, body.length), body, Buffer.alloc(-body.length & 511)]));
    }
    writeSync(file, Buffer.alloc(1024));
    closeSync(file);
    renameSync(`${path}.part`, path);
  }
}

/** Resident memory of a process that comes with files or none: its own, not the system's cache of files. */
function resident(pid: number): number {
  const text = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '';
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? Number.NaN) / 1024;
}

await makeShards();
const steps = Math.floor((0.95 * count) / batch);
const settings = {
  'image.stored': SIDE,
  'image.size': SIDE,
  'image.patch': 8,
  'masks.visible': 6,
  'masks.predicted': 6,
  'encoder.depth': 1,
  'encoder.width': 32,
  'predictor.depth': 1,
  batch,
  'health.images': 1,
  'health.every': steps,
  'checkpoint.every': steps,
  'log.every': 1,
};
const set = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
const launcher = fileURLToPath(new URL('../../bin/iwm.js', import.meta.url));
const out = join(temporary, 'run');
const fixed = [
  '--data',
  shards,
  '--preset',
  'demo',
  '--steps',
  String(steps),
  '--threads',
  '1',
  '--out',
  out,
];
const began = performance.now();
const child = spawn(process.execPath, [launcher, 'pretrain', ...fixed, ...set], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { ...process.env, XDG_CACHE_HOME: join(temporary, 'cache') },
});
const samples: { readonly step: number; readonly mebibytes: number }[] = [];
const metrics = join(out, 'metrics.jsonl');
const timer = setInterval(() => {
  if (!existsSync(metrics)) return;
  const last = readFileSync(metrics, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  const step = Number(/"kind":"step","step":(\d+)/.exec(last)?.[1] ?? 0);
  const mebibytes = resident(child.pid ?? 0);
  if (step > (samples.at(-1)?.step ?? 0) && Number.isFinite(mebibytes)) samples.push({ step, mebibytes });
}, 200);
const [code] = (await once(child, 'exit')) as [number | null];
clearInterval(timer);
if (code !== 0) throw new Error(`iwm pretrain ended with ${code}`);

for (let tenth = 1; tenth <= 10; tenth++) {
  const sample = samples.findLast(({ step }) => step <= (tenth * steps) / 10);
  if (sample) console.log(`step ${sample.step} of ${steps}: ${sample.mebibytes.toFixed(0)} MiB`);
}
const first = samples.find(({ step }) => step >= steps / 10);
const last = samples.at(-1);
const growth = 100 * ((last?.mebibytes ?? Number.NaN) / (first?.mebibytes ?? Number.NaN) - 1);
console.log(
  `${count} images in tar shards, one epoch, ${((performance.now() - began) / 1000).toFixed(0)} s: resident memory ${first?.mebibytes.toFixed(0)} MiB after a tenth, ${last?.mebibytes.toFixed(0)} MiB at the end (${growth >= 0 ? '+' : ''}${growth.toFixed(1)} %)`,
);
