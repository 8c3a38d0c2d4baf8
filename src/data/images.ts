import { UserError } from '../errors.js';
import { purpose, random } from '../random.js';
import type { Fit } from './encoded-image.js';
import { writePlanes } from './image-files.js';
import type { BadSample, ImageSet } from './image-set.js';
import { joinLabels } from './joined-labels.js';
import { openSource } from './open-source.js';
import { PixelCache } from './pixel-cache.js';
import type { Split } from './splits.js';

export type { BadSample } from './image-set.js';
export type { Split } from './splits.js';

/**
 * Opens images; decoding starts at the first `prefetch` or `batch`, in a thread of its own.
 * @param sources `synthetic`, `synthetic:COUNT`, a folder of images, Parquet or WebDataset tar files: one, a folder of
 *   them, or a pattern (`train-{000..012}.tar`)
 * @param options.size side of the decoded images, pixels
 * @param options.fit `square` keeps the middle of each (the default), `stretched` everything
 * @param options.split which part to read (default: train where there is one, else the only one, else all)
 * @param options.limit at most so many images, a random choice that is always the same
 * @throws UserError for what cannot be opened, or does not fit in memory
 */
export async function openImages(
  sources: readonly string[],
  {
    size,
    fit = 'square',
    split,
    limit,
  }: { size: number; fit?: Exclude<Fit, 'whole'>; split?: Split | undefined; limit?: number },
): Promise<ImageSet> {
  const opened = await Promise.all(sources.map((source) => openSource(source, split)));
  const [first] = opened;
  if (first === undefined) throw new UserError('no source of images was given', 2);
  const total = opened.reduce((sum, source) => sum + source.length, 0);
  const chosen = choose(total, limit ?? total);
  const joined = joinLabels(opened);
  const few = chosen.length < total ? `, ${chosen.length.toLocaleString('en-US')} of them` : '';
  // Its native libraries must stay loaded until no thread uses them, so sharp asks to be loaded here first.
  await import('sharp');
  return new CachedImages(
    new PixelCache(opened, chosen, size, fit),
    {
      source: sources.join(' + '),
      split: opened.every((source) => source.split === first.split) ? first.split : 'all',
      description: opened.map(({ description }) => description).join('; ') + few,
      notes: [...opened.flatMap(({ notes = [] }) => notes), ...joined.notes],
      classes: joined.classes,
    },
    Int32Array.from(chosen.keys()),
    joined.labels && chosen.map((image) => joined.labels?.[image] ?? -1),
  );
}

/** `count` of the numbers 0 … total − 1, ascending: not the first ones, as files are often sorted by class. */
function choose(total: number, count: number): Int32Array {
  const all = Int32Array.from({ length: total }, (_, i) => i);
  return count < total ? random(0, purpose.order).shuffle(all).slice(0, count).sort() : all;
}

type Facts = Pick<ImageSet, 'source' | 'split' | 'description' | 'notes' | 'classes'>;

class CachedImages implements ImageSet {
  readonly source: string;
  readonly split: Split;
  readonly description: string;
  readonly notes: readonly string[];
  readonly classes: readonly string[] | undefined;

  constructor(
    private readonly cache: PixelCache,
    private readonly facts: Facts,
    private readonly slots: Int32Array,
    readonly labels: Int32Array | undefined,
  ) {
    this.source = facts.source;
    this.split = facts.split;
    this.description = facts.description;
    this.notes = facts.notes;
    this.classes = facts.classes;
  }

  get length(): number {
    return this.slots.length;
  }

  get size(): number {
    return this.cache.size;
  }

  async batch(indices: ArrayLike<number>): Promise<Float32Array> {
    const chosen = await this.#decoded(indices);
    const { size } = this.cache;
    const plane = size * size;
    const out = new Float32Array(chosen.length * 3 * plane);
    chosen.forEach((slot, i) => {
      writePlanes(this.cache.read(slot), out, i * plane * 3);
    });
    return out;
  }

  async bad(indices: ArrayLike<number>): Promise<ReadonlyMap<number, BadSample>> {
    const chosen = this.#at(indices);
    const bad = await this.cache.ready(chosen);
    return new Map(
      Array.from(indices).flatMap((index, i) => {
        const found = bad.get(chosen[i] ?? -1);
        return found === undefined ? [] : [[index, found] as const];
      }),
    );
  }

  name(index: number): string {
    const [slot = -1] = this.#at([index]);
    return this.cache.name(slot);
  }

  async digests(indices: ArrayLike<number>): Promise<readonly string[]> {
    return Array.from(await this.#decoded(indices), (slot) => this.cache.digest(slot));
  }

  prefetch(order: ArrayLike<number> = this.slots.map((_, i) => i)): void {
    this.cache.want(this.#at(order));
  }

  subset(indices: Int32Array): ImageSet {
    const labels = this.labels && Int32Array.from(indices, (index) => this.labels?.[index] ?? -1);
    return new CachedImages(this.cache, this.facts, this.#at(indices), labels);
  }

  close(): Promise<void> {
    return this.cache.close();
  }

  /** The slots of images, once they are filled. */
  async #decoded(indices: ArrayLike<number>): Promise<Int32Array> {
    const chosen = this.#at(indices);
    const [bad] = (await this.cache.ready(chosen)).values();
    if (bad) throw new UserError(`${bad.sample}: ${bad.reason}`);
    return chosen;
  }

  #at(indices: ArrayLike<number>): Int32Array {
    return Int32Array.from(indices, (index) => {
      const slot = this.slots[index];
      if (slot === undefined) throw new RangeError(`no image ${index} among ${this.length}`);
      return slot;
    });
  }
}
