import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { readImages } from './parquet.js';
import type { Pixels } from './source.js';
import { drawScene } from './synthetic.js';

/** What the decoding thread is started with. */
export interface DecodeTask {
  readonly sources: readonly { readonly pixels: Pixels; readonly length: number }[];
  readonly size: number;
  /** [n, size, size, 3] */
  readonly pixels: SharedArrayBuffer;
  /** 0 not yet, 1 decoded, 2 failed; one byte an image */
  readonly done: SharedArrayBuffer;
}

/** Images decoded at once. */
const TOGETHER = 16;

const task = workerData as DecodeTask;
const pixels = new Uint8Array(task.pixels);
const done = new Uint8Array(task.done);
const encoded = new Map<string, Promise<Uint8Array[]>>();
let order: Int32Array = new Int32Array();
let position = 0;
let running = false;

sharp.concurrency(1);

/** Where image `index` lies among the sources. */
function locate(index: number): { source: Pixels; at: number } {
  let at = index;
  for (const { pixels: source, length } of task.sources) {
    if (at < length) return { source, at };
    at -= length;
  }
  throw new RangeError(`no image ${index}`);
}

async function load(index: number): Promise<void> {
  const { source, at } = locate(index);
  const offset = index * task.size ** 2 * 3;
  if (source.kind === 'synthetic') return drawScene(source.first + at, task.size, pixels, offset);
  if (source.kind === 'files') return decode(source.paths[at] as string, source.paths[at] as string, offset);
  let row = at;
  for (const { path, rows } of source.files) {
    if (row < rows) {
      if (!encoded.has(path)) encoded.set(path, readImages(path, source.column));
      const bytes = (await encoded.get(path))?.[row] as Uint8Array;
      return decode(bytes, `${path}, row ${row}`, offset);
    }
    row -= rows;
  }
}

async function decode(input: string | Uint8Array, name: string, offset: number): Promise<void> {
  try {
    const data = await sharp(input, { failOn: 'error', limitInputPixels: 2 ** 28 })
      .rotate()
      .flatten({ background: '#000' })
      .toColourspace('srgb')
      .resize(task.size, task.size, { fit: 'cover' })
      .removeAlpha()
      .raw()
      .toBuffer();
    pixels.set(data, offset);
  } catch (error) {
    throw new Error(`${name}: not a readable image (${(error as Error).message.split('\n')[0]})`);
  }
}

async function attempt(index: number): Promise<void> {
  if (Atomics.load(done, index) !== 0) return;
  try {
    await load(index);
    Atomics.store(done, index, 1);
  } catch (error) {
    parentPort?.postMessage({ index, message: (error as Error).message });
    Atomics.store(done, index, 2);
  }
}

async function work(): Promise<void> {
  running = true;
  while (position < order.length) {
    const next = order.subarray(position, position + TOGETHER);
    position += next.length;
    await Promise.all(Array.from(next, attempt));
    // Lets a newer order in between.
    await new Promise((ready) => setImmediate(ready));
  }
  running = false;
}

parentPort?.on('message', (wanted: Int32Array) => {
  order = wanted;
  position = 0;
  if (!running) void work();
});
