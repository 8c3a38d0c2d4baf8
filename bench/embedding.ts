// Embeds a data set by the command line – start, decoding, encoding, writing – and by timm's forward of an encoder of the
// same sizes on as many images in memory (peers/embed.py), in turn, round after round. Ours begins every round with an
// empty cache of decoded images. Medians of the rounds.
//
//   npx tsx bench/embedding.ts --run RUN --data SRC [--rounds 3] [--threads 2] [--batch 64] [--python python3]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Embedding } from '../src/embed/embed.js';
import { median } from '../src/median.js';
import { readConfig } from '../src/run/disk/run-folder.js';

const { values } = parseArgs({
  options: {
    run: { type: 'string' },
    data: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
    batch: { type: 'string', default: '64' },
    python: { type: 'string', default: 'python3' },
  },
});
const { run, data, python } = values;
if (run === undefined || data === undefined) throw new Error('give --run and --data');
const [rounds, threads, batch] = [values.rounds, values.threads, values.batch].map(Number) as [
  number,
  number,
  number,
];
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Embeds everything. @returns how many images, and seconds from the command's start to its end */
async function ours(): Promise<{ images: number; seconds: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'iwm-embedding-'));
  const fixed = ['--data', data as string, '--out', join(folder, 'out.parquet'), '--json'];
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [here('../bin/iwm.js'), 'embed', run as string, ...fixed, '--threads', String(threads)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') },
    },
  );
  const { dims } = JSON.parse(await text(child.stdout)) as Embedding;
  const seconds = (performance.now() - began) / 1000;
  rmSync(folder, { recursive: true });
  return { images: dims[0] as number, seconds };
}

const first = await ours();
const { image, encoder } = readConfig(run);
const asked = {
  image: image.size,
  patch: image.patch,
  ...encoder,
  images: first.images,
  batch,
  threads,
};
const peer = spawn(python, [here('peers/embed.py'), JSON.stringify(asked)], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
const answer = async <T>(): Promise<T> => JSON.parse((await lines.next()).value as string) as T;
const { version } = await answer<{ version: string }>();

const rates: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
for (let round = 1; round <= rounds; round++) {
  const { images, seconds } = await ours();
  peer.stdin.write('\n');
  const theirs = await answer<{ seconds: number }>();
  rates.ours.push(images / seconds);
  rates.theirs.push(images / theirs.seconds);
  console.error(
    `round ${round}: ours ${(images / seconds).toFixed(0)}, theirs ${(images / theirs.seconds).toFixed(0)} images/s`,
  );
}
peer.stdin.end();
const [own, other] = [median(rates.ours), median(rates.theirs)];
console.log(
  `${first.images} images, encoder ${encoder.depth} × ${encoder.width}, ${threads} threads: iwm embed, from start to written file, ${own.toFixed(0)} images/s; ${version}, forward only, batches of ${batch}, ${other.toFixed(0)} images/s; ${(own / other).toFixed(2)} × as fast`,
);
