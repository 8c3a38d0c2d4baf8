import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { decodePixels } from './image-pixels.js';
import { RowGroups } from './row-groups.js';
import type { Pixels } from './source.js';
import { drawScene } from './synthetic.js';

/** What the decoding thread is started with. */
export interface DecodeTask {
  readonly sources: readonly { readonly pixels: Pixels; readonly length: number }[];
  /** Places among the images of all sources, ascending: which image each slot of the cache is for. */
  readonly chosen: Int32Array;
  readonly size: number;
  /** uint8 [n, size, size, 3], a slot an image */
  readonly pixels: SharedArrayBuffer;
  /** uint8 [n]: 0 not yet, 1 decoded, 2 failed */
  readonly done: SharedArrayBuffer;
}

/** What it is told: slots wanted at once, slots wanted after all those so far, or to end. */
export type Wish = { readonly now: Int32Array } | { readonly later: Int32Array } | { readonly end: true };

/** What it tells of a slot that failed; `done` says the rest. */
export interface Failed {
  readonly slot: number;
  readonly message: string;
}

/** Images decoded at once: as many as Node has threads for it. */
const TOGETHER = 4;
/** Encoded images held at most, before the oldest row group is decoded to its end. */
const HELD_BYTES = 256 * 2 ** 20;

const task = workerData as DecodeTask;
const pixels = new Uint8Array(task.pixels);
const done = new Uint8Array(task.done);
const begun = new Uint8Array(done.length);
const groups = new RowGroups();
/** Slots still wanted, the first order first. */
const orders: { readonly slots: Int32Array; position: number }[] = [];
let running = false;
let ended = false;

sharp.concurrency(1);
sharp.cache(false);

/** Where a slot's image lies among the sources. */
function locate(slot: number): { source: Pixels; at: number } {
  let at = task.chosen[slot] ?? -1;
  for (const { pixels: source, length } of task.sources) {
    if (at < length) return { source, at };
    at -= length;
  }
  throw new RangeError(`no image ${task.chosen[slot]}`);
}

/** The file of a Parquet source that an image is in, and its row there. */
function rowOf(source: Pixels & { kind: 'parquet' }, at: number): { path: string; row: number } {
  let row = at;
  for (const { path, rows } of source.files) {
    if (row < rows) return { path, row };
    row -= rows;
  }
  throw new RangeError(`no row ${at}`);
}

async function load(slot: number): Promise<void> {
  const { source, at } = locate(slot);
  const offset = slot * task.size ** 2 * 3;
  if (source.kind === 'synthetic') return drawScene(source.first + at, task.size, pixels, offset);
  if (source.kind === 'files') return decode(source.paths[at] ?? '', source.paths[at] ?? '', offset);
  const { path, row } = rowOf(source, at);
  return decode(await groups.at(path, source.column, row), `${path}, row ${row}`, offset);
}

async function decode(input: string | Uint8Array, name: string, offset: number): Promise<void> {
  pixels.set(await decodePixels(input, name, task.size), offset);
}

async function attempt(slot: number): Promise<void> {
  if (begun[slot] !== 0) return;
  begun[slot] = 1;
  try {
    await load(slot);
    Atomics.store(done, slot, 1);
  } catch (error) {
    const failed: Failed = { slot, message: (error as Error).message };
    parentPort?.postMessage(failed);
    Atomics.store(done, slot, 2);
  }
}

/** The next slot to begin; undefined when nothing is wanted. */
function next(): number | undefined {
  for (let [order] = orders; order !== undefined; [order] = orders) {
    const slot = order.slots[order.position++];
    if (slot === undefined) orders.shift();
    else if (begun[slot] === 0) return slot;
  }
  return undefined;
}

/** So that every row group is read once, whatever the order: one that has to go is decoded whole before. */
async function makeRoom(): Promise<void> {
  while (groups.bytes > HELD_BYTES && !ended) {
    const oldest = await groups.oldest();
    if (oldest === undefined) return;
    const slots = slotsOf(oldest.path, oldest.start, oldest.end);
    for (let i = 0; i < slots.length; i += TOGETHER) await together(slots.slice(i, i + TOGETHER));
    groups.letGo(oldest);
  }
}

/** The slots for rows `start` … `end` − 1 of a file. */
function slotsOf(path: string, start: number, end: number): number[] {
  let first = 0;
  for (const { pixels: source, length } of task.sources) {
    if (source.kind === 'parquet') {
      const file = source.files.findIndex((each) => each.path === path);
      if (file >= 0) {
        const before = source.files.slice(0, file).reduce((total, { rows }) => total + rows, first);
        return [...task.chosen.keys()].filter((slot) => {
          const row = (task.chosen[slot] ?? -1) - before;
          return row >= start && row < end;
        });
      }
    }
    first += length;
  }
  return [];
}

async function together(slots: readonly number[]): Promise<void> {
  await Promise.all(slots.map(attempt));
  // Lets new wishes in.
  await new Promise((ready) => setImmediate(ready));
}

async function work(): Promise<void> {
  running = true;
  for (let slot = next(); slot !== undefined && !ended; slot = next()) {
    const slots = [slot];
    while (slots.length < TOGETHER) {
      const another = next();
      if (another === undefined) break;
      slots.push(another);
    }
    await together(slots);
    await makeRoom();
  }
  running = false;
}

parentPort?.on('message', (wish: Wish) => {
  if ('end' in wish) {
    ended = true;
    parentPort?.close();
  } else if ('now' in wish) orders.unshift({ slots: wish.now, position: 0 });
  else orders.push({ slots: wish.later, position: 0 });
  if (!running && !ended) void work();
});
