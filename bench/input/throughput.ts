// Decodes a data set by the path that training takes (thread, cache file, batches of float32) and by PyTorch's
// DataLoader with Pillow and 2 workers (../peers/loader.py: batches of uint8), in turn, round after round, each pass
// in a random order. Ours begins every pass with an empty cache; the clock runs after a tenth of the images. Medians of
// the rounds; the first passes do not count.
//
//   npx tsx bench/input/throughput.ts --data images/ [--size 32] [--images 20000] [--rounds 5] [--python python3]
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EncodedImages } from '../../src/data/encoded-images.js';
import { openImages } from '../../src/data/images.js';
import { openSource } from '../../src/data/open-source.js';
import { median } from '../../src/median.js';
import { random } from '../../src/random.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    size: { type: 'string', default: '32' },
    images: { type: 'string', default: '20000' },
    batch: { type: 'string', default: '64' },
    rounds: { type: 'string', default: '5' },
    workers: { type: 'string', default: '2' },
    python: { type: 'string', default: 'python3' },
  },
});
if (values.data === undefined) throw new Error('give --data');
const { data, python } = values;
const [size, limit, batch, rounds, workers] = [
  Number(values.size),
  Number(values.images),
  Number(values.batch),
  Number(values.rounds),
  Number(values.workers),
];

/** One pass over the images, decoded anew. @returns images a second */
async function ours(round: number): Promise<number> {
  process.env.XDG_CACHE_HOME = join(folder, `cache-${round}`);
  const set = await openImages([data as string], { size, limit });
  const order = random(round).permutation(set.length);
  const pass = async (images: Int32Array): Promise<void> => {
    set.prefetch(images);
    for (let first = 0; first < images.length; first += batch)
      await set.batch(images.slice(first, first + batch));
  };
  // Its threads are new in every pass, the peer's workers are not: they run and are compiled before the clock does.
  const warmUp = Math.ceil(set.length / 10);
  await pass(order.subarray(0, warmUp));
  const began = performance.now();
  await pass(order.subarray(warmUp));
  const seconds = (performance.now() - began) / 1000;
  await set.close();
  rmSync(process.env.XDG_CACHE_HOME, { recursive: true, force: true });
  return (order.length - warmUp) / seconds;
}

/** Writes the images that ours reads as files, for the peer. */
async function extract(to: string): Promise<void> {
  const { pixels, length } = await openSource(data as string, undefined);
  const encoded = new EncodedImages();
  for (let at = 0; at < Math.min(length, limit); at++) {
    const name = join(to, `${Math.floor(at / 1000)}`);
    if (at % 1000 === 0) mkdirSync(name, { recursive: true });
    writeFileSync(join(name, `${at}.jpg`), await encoded.read({ source: pixels, at }));
  }
  await encoded.close();
}

const folder = mkdtempSync(join(tmpdir(), 'iwm-throughput-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
await extract(join(folder, 'files'));
const loader = fileURLToPath(new URL('../peers/loader.py', import.meta.url));
const peer = spawn(
  python,
  [loader, JSON.stringify({ folder: join(folder, 'files'), size, batch, workers })],
  {
    stdio: ['pipe', 'pipe', 'inherit'],
  },
);
const answers = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
const answer = async <T>(): Promise<T> => JSON.parse((await answers.next()).value) as T;
const { version } = await answer<{ version: string }>();

async function peers(): Promise<number> {
  peer.stdin.write('\n');
  const { images, seconds } = await answer<{ images: number; seconds: number }>();
  return images / seconds;
}

const rates: { ours: number; peer: number }[] = [];
for (let round = -1; round < rounds; round++) {
  const pair = { ours: await ours(round), peer: await peers() };
  console.error(
    `${round < 0 ? 'warm-up' : `round ${round + 1}`}: ours ${pair.ours.toFixed(0)}, peer ${pair.peer.toFixed(0)} images/s`,
  );
  if (round >= 0) rates.push(pair);
}
peer.stdin.end();
const our = median(rates.map((pair) => pair.ours));
const their = median(rates.map((pair) => pair.peer));
const ratio = median(rates.map((pair) => pair.ours / pair.peer));
console.log(`${version}, ${workers} workers; ${data} at ${size} × ${size}, medians of ${rounds} rounds`);
console.log(
  `ours ${our.toFixed(0)} images/s, DataLoader ${their.toFixed(0)}: ${ratio.toFixed(2)} times as many`,
);
