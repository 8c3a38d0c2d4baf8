import { existsSync, statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { UserError } from '../errors.js';
import type { DecodeTask } from './decode.js';
import { imageFolder } from './image-folder.js';
import { parquetFiles, parquetSource } from './parquet.js';
import type { Source, Split } from './source.js';
import { syntheticSource } from './synthetic.js';

export type { Split } from './source.js';

/** Square RGB images, decoded once, in memory. */
export interface ImageSet {
  /** As the person gave it. */
  readonly source: string;
  /** What was in fact read. */
  readonly split: Split;
  /** One line for people. */
  readonly description: string;
  readonly length: number;
  /** Side in pixels: the shorter side is resized to it, the middle kept. */
  readonly size: number;
  readonly classes: readonly string[] | undefined;
  /** Class of each image; undefined where the source has no labels. */
  readonly labels: Int32Array | undefined;
  /**
   * Images as float32 [n, 3, size, size] in 0..1; waits until they are decoded.
   * @throws UserError naming a file or row that is no image
   */
  batch(indices: ArrayLike<number>): Promise<Float32Array>;
  /** The order in which images will be wanted, so that decoding runs ahead. */
  prefetch(order: ArrayLike<number>): void;
  /** The images at `indices`, sharing the decoded pixels. */
  subset(indices: Int32Array): ImageSet;
  close(): Promise<void>;
}

/** How often to look whether an image has been decoded. */
const POLL_MILLISECONDS = 2;

/**
 * Opens images; decoding starts at the first `prefetch` or `batch`, in a thread of its own.
 * @param sources `synthetic`, `synthetic:COUNT`, a folder of images, a Parquet file or a folder of them
 * @param options.split which part to read (default: train where there are splits, else all)
 * @param options.limit only the first so many images
 * @throws UserError for what cannot be opened
 */
export async function openImages(
  sources: readonly string[],
  { size, split, limit }: { size: number; split?: Split; limit?: number; seed?: number },
): Promise<ImageSet> {
  const opened = await Promise.all(sources.map((source) => openSource(source, split)));
  const total = opened.reduce((sum, source) => sum + source.length, 0);
  const length = Math.min(total, limit ?? total);
  const first = opened[0] as Source;
  const sameClasses = opened.every(
    ({ classes }) => classes !== undefined && classes.join('\n') === first.classes?.join('\n'),
  );
  const labels = sameClasses
    ? Int32Array.from(opened.flatMap(({ labels }) => Array.from(labels ?? [])))
    : undefined;
  const limited = length < total ? `, the first ${length} of them` : '';
  const cache = new Cache(opened, size, total);
  return new CachedImages(
    cache,
    {
      source: sources.join(' + '),
      split: opened.every((source) => source.split === first.split) ? first.split : 'all',
      description: opened.map(({ description }) => description).join('; ') + limited,
      classes: sameClasses ? first.classes : undefined,
    },
    Int32Array.from({ length }, (_, i) => i),
    labels?.subarray(0, length),
  );
}

async function openSource(source: string, split: Split | undefined): Promise<Source> {
  const synthetic = /^synthetic(?::(\d+))?$/.exec(source);
  if (synthetic)
    return syntheticSource(split ?? 'train', synthetic[1] === undefined ? undefined : Number(synthetic[1]));
  if (!existsSync(source))
    throw new UserError(
      `${source}: no such file or folder; --data takes a folder of images, Parquet, or "synthetic"`,
    );
  if (parquetFiles(source).length > 0) return parquetSource(source, split);
  if (statSync(source).isDirectory()) return imageFolder(source, split);
  throw new UserError(`${source}: neither a folder of images nor a Parquet file`);
}

/** Decoded pixels of all sources, filled by a thread. */
class Cache {
  readonly pixels: Uint8Array;
  readonly #done: Uint8Array;
  readonly #failures = new Map<number, string>();
  readonly #task: DecodeTask;
  #worker: Worker | undefined;
  #crash: Error | undefined;

  constructor(
    sources: readonly Source[],
    readonly size: number,
    length: number,
  ) {
    const bytes = length * size * size * 3;
    const task = { sources: sources.map(({ pixels, length: count }) => ({ pixels, length: count })), size };
    this.#task = { ...task, pixels: new SharedArrayBuffer(bytes), done: new SharedArrayBuffer(length) };
    this.pixels = new Uint8Array(this.#task.pixels);
    this.#done = new Uint8Array(this.#task.done);
  }

  want(order: Int32Array): void {
    this.#start().postMessage(order);
  }

  /** Waits until all of `indices` are decoded. */
  async ready(indices: Int32Array): Promise<void> {
    const missing = indices.filter((index) => Atomics.load(this.#done, index) === 0);
    // A thread at work on a longer order will come to them; one that is not gets them as its order.
    if (missing.length > 0 && this.#worker === undefined) this.want(missing);
    let waited = 0;
    for (const index of indices) {
      while (Atomics.load(this.#done, index) === 0) {
        if (this.#crash) throw this.#crash;
        if (++waited % 50 === 0) this.want(missing);
        await new Promise((wake) => setTimeout(wake, POLL_MILLISECONDS));
      }
      if (Atomics.load(this.#done, index) === 2) {
        while (!this.#failures.has(index)) await new Promise((wake) => setTimeout(wake, POLL_MILLISECONDS));
        throw new UserError(this.#failures.get(index) ?? '');
      }
    }
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const typescript = import.meta.url.endsWith('.ts');
    const url = new URL(typescript ? './decode.ts' : './decode.js', import.meta.url);
    // In a checkout the thread, too, has to learn to read TypeScript.
    const worker = typescript
      ? new Worker(
          `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(url.href)}); })`,
          { eval: true, workerData: this.#task },
        )
      : new Worker(url, { workerData: this.#task });
    worker.on('message', ({ index, message }: { index: number; message: string }) =>
      this.#failures.set(index, message),
    );
    worker.on('error', (error) => {
      this.#crash = error;
    });
    worker.unref();
    this.#worker = worker;
    return worker;
  }
}

type Facts = Pick<ImageSet, 'source' | 'split' | 'description' | 'classes'>;

class CachedImages implements ImageSet {
  readonly source: string;
  readonly split: Split;
  readonly description: string;
  readonly classes: readonly string[] | undefined;

  constructor(
    private readonly cache: Cache,
    private readonly facts: Facts,
    private readonly places: Int32Array,
    readonly labels: Int32Array | undefined,
  ) {
    this.source = facts.source;
    this.split = facts.split;
    this.description = facts.description;
    this.classes = facts.classes;
  }

  get length(): number {
    return this.places.length;
  }

  get size(): number {
    return this.cache.size;
  }

  async batch(indices: ArrayLike<number>): Promise<Float32Array> {
    const chosen = Int32Array.from(indices, (index) => this.places[index] as number);
    await this.cache.ready(chosen);
    const { size, pixels } = this.cache;
    const plane = size * size;
    const out = new Float32Array(chosen.length * 3 * plane);
    chosen.forEach((index, i) => {
      let from = index * plane * 3;
      let to = i * plane * 3;
      for (let pixel = 0; pixel < plane; pixel++, from += 3, to++) {
        out[to] = (pixels[from] as number) / 255;
        out[to + plane] = (pixels[from + 1] as number) / 255;
        out[to + 2 * plane] = (pixels[from + 2] as number) / 255;
      }
    });
    return out;
  }

  prefetch(order: ArrayLike<number>): void {
    this.cache.want(Int32Array.from(order, (index) => this.places[index] as number));
  }

  subset(indices: Int32Array): ImageSet {
    const places = Int32Array.from(indices, (index) => this.places[index] as number);
    const labels = this.labels && Int32Array.from(indices, (index) => this.labels?.[index] as number);
    return new CachedImages(this.cache, this.facts, places, labels);
  }

  close(): Promise<void> {
    return this.cache.close();
  }
}
