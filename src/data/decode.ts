import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { systemRefusal } from '../errors.js';
import { WARNING } from '../warning.js';
import { decodeImage, type Fit } from './encoded-image.js';
import { EncodedImages, nameOf, type Place } from './encoded-images.js';
import type { Group } from './held-groups.js';
import type { BadSample } from './image-set.js';
import { openStore, type PixelStore, pixelMemory, type StorePlace, slot as state } from './pixel-store.js';
import { placeAmong } from './place-among.js';
import type { Pixels } from './source.js';
import { drawScene } from './synthetic.js';

/** What the decoding thread is started with. */
export interface DecodeTask {
  readonly sources: readonly { readonly pixels: Pixels; readonly length: number }[];
  /** Places among the images of all sources, ascending: which image each slot of the store is for. */
  readonly chosen: Int32Array;
  readonly size: number;
  readonly fit: Fit;
  /** Where the pixels go: uint8 [size, size, 3] a slot. */
  readonly store: StorePlace;
  /** uint8 [n]: how each slot stands */
  readonly done: SharedArrayBuffer;
  /** The slots that are this thread's to fill: `first` … `end` − 1. */
  readonly own: { readonly first: number; readonly end: number };
}

/** What it is told: slots wanted at once, slots wanted after all those so far, or to end. */
export type Wish = { readonly now: Int32Array } | { readonly later: Int32Array } | { readonly end: true };

/**
 * What it tells: a slot that failed, memory in the place of a full disk, a warning, what keeps it from going on; `done` says
 * the rest.
 */
export type Told =
  | (BadSample & { readonly slot: number })
  | { readonly spare: SharedArrayBuffer; readonly reason: string }
  | { readonly warning: string }
  | { readonly stopped: string };

/** Images decoded at once: as many as Node has threads for it. */
const TOGETHER = 4;
/** Encoded images held at most, before the oldest group is decoded to its end. */
const HELD_BYTES = 256 * 2 ** 20;

const task = workerData as DecodeTask;
const store = openStore(task.store, task.size ** 2 * 3);
const done = new Uint8Array(task.done);
/** Takes the pixels that the disk has no room for. */
let spare: PixelStore | undefined;
const begun = new Uint8Array(done.length);
const encoded = new EncodedImages();
/** Slots still wanted, the first order first. */
const orders: { readonly slots: Int32Array; position: number }[] = [];
let running = false;
let ended = false;

sharp.concurrency(1);
sharp.cache(false);

async function load(place: Place): Promise<Uint8Array> {
  if (place.source.kind !== 'synthetic')
    return (await decodeImage(await encoded.read(place), task.size, task.fit)).data;
  const pixels = new Uint8Array(task.size ** 2 * 3);
  drawScene(place.source.first + place.at, task.size, pixels);
  return pixels;
}

async function attempt(slot: number): Promise<void> {
  if (begun[slot] !== 0) return;
  begun[slot] = 1;
  if (!store.holds(slot)) {
    const place = placeAmong(task.sources, task.chosen[slot] ?? -1);
    const pixels = await load(place).catch(({ message }: Error) => {
      tell({ slot, sample: nameOf(place), reason: message });
      Atomics.store(done, slot, state.failed);
    });
    if (pixels !== undefined) Atomics.store(done, slot, keep(slot, pixels));
  } else Atomics.store(done, slot, state.stored);
}

/** Puts pixels where there is room for them. @returns how their slot stands now */
function keep(slot: number, pixels: Uint8Array): number {
  if (spare === undefined) {
    try {
      store.write(slot, pixels);
      return state.stored;
    } catch (error) {
      spare = openSpare(error as Error);
    }
  }
  spare.write(slot, pixels);
  return state.spare;
}

/** Memory for what the disk refuses to take. @throws Error where there is not enough of it either */
function openSpare(error: Error): PixelStore {
  const reason = systemRefusal(Object.assign(error, 'name' in task.store ? { path: task.store.name } : {}));
  if (reason === undefined) throw error;
  const bytes = pixelMemory(done.length * task.size ** 2 * 3);
  if (bytes === undefined) throw new Error(`${reason}; and they do not fit in memory`);
  tell({ spare: bytes, reason });
  return openStore({ kind: 'memory', bytes }, task.size ** 2 * 3);
}

function tell(message: Told): void {
  parentPort?.postMessage(message);
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

/** So that every group is read once, whatever the order: one that has to go is decoded whole before. */
async function makeRoom(): Promise<void> {
  const { groups } = encoded;
  while (groups.bytes > HELD_BYTES && !ended) {
    const oldest = await groups.oldest();
    if (oldest === undefined) return;
    const slots = slotsOf(oldest);
    await decodeAll(() => slots.pop());
    groups.letGo(oldest);
  }
}

/** This thread's slots for the images of a group. */
function slotsOf({ path, start, end }: Group): number[] {
  let first = 0;
  for (const { pixels: source, length } of task.sources) {
    const files = source.kind === 'parquet' || source.kind === 'tar' ? source.files : [];
    const file = files.findIndex((each) => each.path === path);
    if (file >= 0) {
      const before = files.slice(0, file).reduce((total, { rows }) => total + rows, first);
      return [...task.chosen.keys()].filter((slot) => {
        const row = (task.chosen[slot] ?? -1) - before;
        return row >= start && row < end && slot >= task.own.first && slot < task.own.end;
      });
    }
    first += length;
  }
  return [];
}

/** Lets new wishes in. */
const breathe = (): Promise<void> => new Promise((ready) => setImmediate(ready));

/** Decodes what `take` gives, several at once, until it gives nothing. */
async function decodeAll(take: () => number | undefined): Promise<void> {
  const lane = async (): Promise<void> => {
    for (let slot = take(); slot !== undefined; slot = take()) {
      await attempt(slot);
      await breathe();
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, lane));
}

async function work(): Promise<void> {
  running = true;
  const isFull = (): boolean => encoded.groups.bytes > HELD_BYTES;
  const take = (): number | undefined => (ended || isFull() ? undefined : next());
  for (let slot = next(); slot !== undefined && !ended; slot = next()) {
    await attempt(slot);
    await decodeAll(take);
    await makeRoom();
  }
  running = false;
}

/** The pixels cannot be kept: nothing would come of going on. */
function stop({ message }: Error): void {
  ended = true;
  tell({ stopped: message });
}

// Node would print it with the number of the process.
process.removeAllListeners('warning');
process.on('warning', ({ name, message }) => {
  if (name === WARNING) tell({ warning: message });
});

parentPort?.on('message', (wish: Wish) => {
  if ('end' in wish) {
    ended = true;
    parentPort?.close();
    void encoded.close();
  } else if ('now' in wish) orders.unshift({ slots: wish.now, position: 0 });
  else orders.push({ slots: wish.later, position: 0 });
  if (!running && !ended) work().catch(stop);
});
