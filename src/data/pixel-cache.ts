import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import { UserError, warn } from '../errors.js';
import { gigabytes } from '../words.js';
import { cacheLimit, openCacheFile } from './cache-folder.js';
import type { DecodeTask, Told, Wish } from './decode.js';
import type { Fit } from './encoded-image.js';
import { openStore, type PixelStore, pixelMemory, type StorePlace, slot as state } from './pixel-store.js';
import type { BadSample, Source } from './source.js';

/** How often to look whether an image has been decoded. */
const POLL_MILLISECONDS = 2;
/** Fewer bytes than these are decoded again in a moment, and not worth a file. */
const WORTH_A_FILE = 32 * 2 ** 20;

const pause = (): Promise<void> => new Promise((wake) => setTimeout(wake, POLL_MILLISECONDS));

/**
 * Decoded pixels of chosen images of all sources, a slot an image, filled by a thread of its own. Few are kept in memory,
 * many in a file that the next run finds again; where the disk gets full, the rest goes into memory, with a warning.
 */
export class PixelCache {
  readonly #store: PixelStore;
  /** Takes what the disk has no room for. */
  #spare: PixelStore | undefined;
  readonly #done: Uint8Array;
  readonly #failures = new Map<number, BadSample>();
  readonly #task: DecodeTask;
  #worker: Worker | undefined;
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
    this.#store = openStore(this.#task.store, chosen.length, size * size * 3);
    this.#done = new Uint8Array(this.#task.done);
  }

  /** The pixels of a slot that is {@link ready}, uint8 [size, size, 3]; only until the next call. */
  read(slot: number): Uint8Array {
    const spare = Atomics.load(this.#done, slot) === state.spare ? this.#spare : undefined;
    return (spare ?? this.#store).read(slot);
  }

  /** Lets decoding run ahead in this order, after what is wanted already. */
  want(slots: Int32Array): void {
    this.#tell({ later: slots });
  }

  /** Waits until all of `slots` are filled, or known not to be: gives those, by slot. */
  async ready(slots: Int32Array): Promise<ReadonlyMap<number, BadSample>> {
    const bad = new Map<number, BadSample>();
    const missing = slots.filter((slot) => Atomics.load(this.#done, slot) === state.missing);
    if (missing.length > 0) this.#tell({ now: missing });
    for (const slot of slots) {
      while (Atomics.load(this.#done, slot) === state.missing) {
        if (this.#end) throw this.#end;
        await pause();
      }
      const now = Atomics.load(this.#done, slot);
      // Messages may come a little later.
      while (now === state.spare && this.#spare === undefined) await pause();
      if (now !== state.failed) continue;
      let failure = this.#failures.get(slot);
      for (; failure === undefined; failure = this.#failures.get(slot)) await pause();
      bad.set(slot, failure);
    }
    return bad;
  }

  /** Ends the thread once what it has begun is done: the libraries it calls do not like to be cut off. */
  async close(): Promise<void> {
    this.#end ??= new Error('images were closed');
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker !== undefined) {
      worker.ref();
      const ended = once(worker, 'exit');
      worker.postMessage({ end: true } satisfies Wish);
      await ended;
    }
    this.#closeFile();
  }

  #closeFile(): void {
    const { store } = this.#task;
    if (store.kind === 'file' && !this.#fileClosed) closeSync(store.file);
    this.#fileClosed = true;
  }

  #tell(wish: Wish): void {
    if (this.#end) throw this.#end;
    this.#worker ??= this.#start();
    this.#worker.postMessage(wish);
  }

  #start(): Worker {
    const worker = startThread(this.#task);
    worker.on('message', (told: Told) => {
      if ('stopped' in told) this.#end ??= new UserError(`cannot keep decoded images: ${told.stopped}`);
      else if ('spare' in told) {
        this.#spare = openStore({ kind: 'memory', bytes: told.spare }, this.#done.length, this.size ** 2 * 3);
        warn(`decoded images that are still to come are kept in memory: ${told.reason}`);
      } else this.#failures.set(told.slot, { sample: told.sample, reason: told.reason });
    });
    worker.on('error', (error) => {
      this.#end = error;
    });
    worker.on('exit', () => {
      this.#end ??= new Error('the decoding thread ended');
      this.#worker = undefined;
    });
    worker.unref();
    return worker;
  }
}

/** Starts decode.ts from the sources, or decode.js where they have been compiled. */
function startThread(workerData: DecodeTask): Worker {
  if (import.meta.url.endsWith('.js'))
    return new Worker(new URL('./decode.js', import.meta.url), { workerData });
  // A thread has to learn by itself to read TypeScript.
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const decode = JSON.stringify(import.meta.resolve('./decode.ts'));
  const code = `import(${tsx}).then(({ register }) => { register(); return import(${decode}); });`;
  return new Worker(code, { eval: true, workerData });
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
