import { once } from 'node:events';
import { totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import { UserError } from '../errors.js';
import type { DecodeTask, Failed, Wish } from './decode.js';
import type { Source } from './source.js';

/** How often to look whether an image has been decoded. */
const POLL_MILLISECONDS = 2;
/** The share of the machine's memory that decoded images may take. */
const MEMORY_SHARE = 0.75;

const pause = (): Promise<void> => new Promise((wake) => setTimeout(wake, POLL_MILLISECONDS));

/** Decoded pixels of chosen images of all sources, a slot an image, filled by a thread of its own. */
export class PixelCache {
  /** uint8 [n, size, size, 3]; a slot is filled once {@link ready} says so. */
  readonly pixels: Uint8Array;
  readonly #done: Uint8Array;
  readonly #failures = new Map<number, string>();
  readonly #task: DecodeTask;
  #worker: Worker | undefined;
  #end: Error | undefined;

  /**
   * @param chosen places among the images of all sources, ascending; slot i holds image chosen[i]
   * @throws UserError when the pixels do not fit in this machine's memory
   */
  constructor(
    sources: readonly Source[],
    chosen: Int32Array,
    readonly size: number,
  ) {
    this.#task = {
      sources: sources.map(({ pixels, length }) => ({ pixels, length })),
      chosen,
      size,
      pixels: allocate(chosen.length, size),
      done: new SharedArrayBuffer(chosen.length),
    };
    this.pixels = new Uint8Array(this.#task.pixels);
    this.#done = new Uint8Array(this.#task.done);
  }

  /** Lets decoding run ahead in this order, after what is wanted already. */
  want(slots: Int32Array): void {
    this.#tell({ later: slots });
  }

  /** Waits until all of `slots` are filled. @throws UserError naming the file or row of one that is no image */
  async ready(slots: Int32Array): Promise<void> {
    const missing = slots.filter((slot) => Atomics.load(this.#done, slot) === 0);
    if (missing.length > 0) this.#tell({ now: missing });
    for (const slot of slots) {
      while (Atomics.load(this.#done, slot) === 0) {
        if (this.#end) throw this.#end;
        await pause();
      }
      if (Atomics.load(this.#done, slot) === 2) {
        while (!this.#failures.has(slot)) await pause();
        throw new UserError(this.#failures.get(slot) ?? '');
      }
    }
  }

  /** Ends the thread once what it has begun is done: the libraries it calls do not like to be cut off. */
  async close(): Promise<void> {
    this.#end ??= new Error('images were closed');
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker === undefined) return;
    worker.ref();
    const ended = once(worker, 'exit');
    worker.postMessage({ end: true } satisfies Wish);
    await ended;
  }

  #tell(wish: Wish): void {
    if (this.#end) throw this.#end;
    this.#worker ??= this.#start();
    this.#worker.postMessage(wish);
  }

  #start(): Worker {
    const worker = startThread(this.#task);
    worker.on('message', ({ slot, message }: Failed) => this.#failures.set(slot, message));
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

function allocate(images: number, size: number): SharedArrayBuffer {
  const bytes = images * size * size * 3;
  try {
    if (bytes <= MEMORY_SHARE * totalmem()) return new SharedArrayBuffer(bytes);
  } catch {
    // More than the engine can hold in one piece.
  }
  const gigabytes = (count: number): string => `${(count / 2 ** 30).toFixed(1)} GiB`;
  throw new UserError(
    `${images.toLocaleString('en-US')} images of ${size} × ${size} pixels need ${gigabytes(bytes)} of memory, too much ` +
      `for this machine with its ${gigabytes(totalmem())}; limit their number or size`,
  );
}
