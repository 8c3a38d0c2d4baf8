import { closeSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { UserError } from '../errors.js';
import { warn } from '../warning.js';
import { gigabytes } from '../words.js';
import { cacheLimit, openCacheFile } from './cache-folder.js';
import type { Told, Wish } from './decode.js';
import { giveBack, takeThread } from './decode-threads.js';
import type { DecodeTask } from './decoding.js';
import type { Fit } from './encoded-image.js';
import { nameOf } from './encoded-images.js';
import type { BadSample } from './image-set.js';
import { openStore, type PixelStore, pixelMemory, type StorePlace, slot as state } from './pixel-store.js';
import { placeAmong } from './place-among.js';
import type { Source } from './source.js';

/** How often to look whether an image has been decoded. */
const POLL_MILLISECONDS = 2;
/** Fewer bytes than these are decoded again in a moment, and not worth a file. */
const WORTH_A_FILE = 32 * 2 ** 20;

/** Images from which on a second thread is worth its start. */
const MANY = 4096;

const pause = (): Promise<void> => new Promise((wake) => setTimeout(wake, POLL_MILLISECONDS));

/**
 * Decoded pixels of chosen images of all sources, a slot an image, filled by threads. Few are kept in memory,
 * many in a file that the next run finds again; where the disk gets full, the rest goes into memory, with a warning.
 */
export class PixelCache {
  readonly #store: PixelStore;
  /** Takes what the disk has no room for, by thread. */
  readonly #spares: PixelStore[] = [];
  readonly #done: Uint8Array;
  readonly #failures = new Map<number, BadSample>();
  readonly #task: Omit<DecodeTask, 'own'>;
  /** The slots of each thread: neighbours, as those are read together. */
  readonly #shares: readonly Share[];
  #workers: readonly Worker[] | undefined;
  #end: Error | undefined;
  #fileClosed = false;

  /**
   * @param chosen places among the images of all sources, ascending; slot i holds image chosen[i]
   * @throws UserError when the pixels fit neither in the cache nor in this machine's memory
   */
  constructor(
    sources: readonly Source[],
    chosen: Int32Array,
    readonly size: number,
    fit: Fit,
  ) {
    this.#task = {
      sources: sources.map(({ pixels, length }) => ({ pixels, length })),
      chosen,
      size,
      fit,
      store: placeFor(sources, chosen, size, fit),
      done: new SharedArrayBuffer(chosen.length),
    };
    this.#store = openStore(this.#task.store, size * size * 3);
    this.#done = new Uint8Array(this.#task.done);
    this.#shares = shareOut(chosen.length);
  }

  /** What messages call the image of a slot. */
  name(slot: number): string {
    return nameOf(placeAmong(this.#task.sources, this.#task.chosen[slot] ?? -1));
  }

  /** The pixels of a slot that is {@link ready}, uint8 [size, size, 3]; only until the next call. */
  read(slot: number): Uint8Array {
    return this.#storeOf(slot).read(slot);
  }

  /** The digest of the pixels of a slot that is {@link ready}, hexadecimal. */
  digest(slot: number): string {
    return this.#storeOf(slot).digest(slot).toString('hex');
  }

  /** Lets decoding run ahead in this order, after what is wanted already. */
  want(slots: Int32Array): void {
    this.#tell('later', slots);
  }

  /** Waits until all of `slots` are filled, or known not to be: gives those, by slot. */
  async ready(slots: Int32Array): Promise<ReadonlyMap<number, BadSample>> {
    const bad = new Map<number, BadSample>();
    const missing = slots.filter((slot) => Atomics.load(this.#done, slot) === state.missing);
    if (missing.length > 0) this.#tell('now', missing);
    for (const slot of slots) {
      while (Atomics.load(this.#done, slot) === state.missing) {
        if (this.#end) throw this.#end;
        await pause();
      }
      const now = Atomics.load(this.#done, slot);
      // Messages may come a little later.
      while (now === state.spare && this.#spareOf(slot) === undefined) await pause();
      if (now !== state.failed) continue;
      let failure = this.#failures.get(slot);
      for (; failure === undefined; failure = this.#failures.get(slot)) await pause();
      bad.set(slot, failure);
    }
    return bad;
  }

  /** Ends the decoding once what was begun is done. */
  async close(): Promise<void> {
    this.#end ??= new Error('images were closed');
    const workers = this.#workers ?? [];
    this.#workers = undefined;
    await Promise.all(workers.map(giveBack));
    this.#closeFile();
  }

  #closeFile(): void {
    const { store } = this.#task;
    if (store.kind === 'file' && !this.#fileClosed) closeSync(store.file);
    this.#fileClosed = true;
  }

  #storeOf(slot: number): PixelStore {
    const spare = Atomics.load(this.#done, slot) === state.spare ? this.#spareOf(slot) : undefined;
    return spare ?? this.#store;
  }

  #spareOf(slot: number): PixelStore | undefined {
    return this.#spares[this.#shares.findIndex((share) => contains(share, slot))];
  }

  /** Tells each thread which of its slots are wanted. */
  #tell(when: 'now' | 'later', slots: Int32Array): void {
    if (this.#end) throw this.#end;
    this.#workers ??= this.#shares.map((own, thread) => this.#start(own, thread));
    for (const [thread, share] of this.#shares.entries()) {
      const wanted = slots.filter((slot) => contains(share, slot));
      const wish: Wish = when === 'now' ? { now: wanted } : { later: wanted };
      if (wanted.length > 0) this.#workers[thread]?.postMessage(wish);
    }
  }

  #start(own: Share, thread: number): Worker {
    const worker = takeThread({ ...this.#task, own });
    worker.on('message', (told: Told) => {
      if ('stopped' in told) this.#end ??= new UserError(`cannot keep decoded images: ${told.stopped}`);
      else if ('spare' in told) {
        if (this.#spares.length === 0)
          warn(`decoded images that are still to come are kept in memory: ${told.reason}`);
        const place = { kind: 'memory', bytes: told.spare } as const;
        this.#spares[thread] = openStore(place, this.size ** 2 * 3);
      } else if ('warning' in told) warn(told.warning);
      else if ('slot' in told) this.#failures.set(told.slot, { sample: told.sample, reason: told.reason });
    });
    worker.on('error', (error) => {
      this.#end = error;
    });
    worker.on('exit', () => {
      this.#end ??= new Error('the decoding thread ended');
    });
    // Whoever forgets to close may end; to listen holds a thread until this is said.
    worker.unref();
    return worker;
  }
}

/** The slots of a thread. */
type Share = DecodeTask['own'];

const contains = ({ first, end }: Share, slot: number): boolean => first <= slot && slot < end;

/** The slots of each thread: one where images are few, else two. */
function shareOut(slots: number): Share[] {
  const threads = slots < MANY ? 1 : Math.min(2, availableParallelism());
  return Array.from({ length: threads }, (_, thread) => ({
    first: Math.floor((slots * thread) / threads),
    end: Math.floor((slots * (thread + 1)) / threads),
  }));
}

/** A file where it is worth it and possible, else memory. */
function placeFor(sources: readonly Source[], chosen: Int32Array, size: number, fit: Fit): StorePlace {
  const bytes = chosen.length * size * size * 3;
  // Scenes are drawn, not read: nothing would tell when their drawing has changed.
  const drawn = sources.some(({ pixels }) => pixels.kind === 'synthetic');
  const found = bytes < WORTH_A_FILE || drawn ? undefined : openCacheFile(sources, chosen, size, fit);
  return found === undefined
    ? { kind: 'memory', bytes: allocate(chosen.length, size) }
    : { kind: 'file', ...found };
}

function allocate(images: number, size: number): SharedArrayBuffer {
  const bytes = images * size * size * 3;
  const memory = pixelMemory(bytes);
  if (memory) return memory;
  throw new UserError(
    `${images.toLocaleString('en-US')} images of ${size} × ${size} pixels need ${gigabytes(bytes)} of memory, too much ` +
      `for this machine with its ${gigabytes(totalmem())}, and do not fit in the cache on the disk with its ` +
      `${gigabytes(cacheLimit())}; limit their number or size, or let the cache be larger with IWM_CACHE_GIB`,
  );
}
