import { UserError } from '../errors.js';
import type { BadSample, ImageSet } from './image-set.js';
import { writePlanes } from './planes.js';
import type { Split } from './splits.js';

/** Pixels of square images of one size, a slot an image: decoded by threads, or in a page. */
export interface PixelSlots {
  /** Side in pixels. */
  readonly size: number;
  /** What messages call the image of a slot. */
  name(slot: number): string;
  /** Lets decoding run ahead in this order, after what is wanted already. */
  want(slots: Int32Array): void;
  /** Waits until all of `slots` are filled, or known not to be: gives those, by slot. */
  ready(slots: Int32Array): Promise<ReadonlyMap<number, BadSample>>;
  /** The pixels of a slot that is {@link ready}, uint8 [size, size, 3]; only until the next call. */
  read(slot: number): Uint8Array;
  /** The first 8 bytes of the SHA-1 of the pixels of a slot that is {@link ready}, hexadecimal. */
  digest(slot: number): string | Promise<string>;
  close(): Promise<void>;
}

/** What is told of images as a whole. */
export type ImageFacts = Pick<ImageSet, 'source' | 'split' | 'description' | 'notes' | 'classes'>;

/** Images whose pixels lie in slots. */
export class PixelImages implements ImageSet {
  readonly source: string;
  readonly split: Split;
  readonly description: string;
  readonly notes: readonly string[];
  readonly classes: readonly string[] | undefined;

  /** @param slots of the images, in order */
  constructor(
    private readonly pixels: PixelSlots,
    private readonly facts: ImageFacts,
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
    return this.pixels.size;
  }

  async batch(indices: ArrayLike<number>): Promise<Float32Array> {
    const chosen = await this.#decoded(indices);
    const { size } = this.pixels;
    const plane = size * size;
    const out = new Float32Array(chosen.length * 3 * plane);
    chosen.forEach((slot, i) => {
      writePlanes(this.pixels.read(slot), out, i * plane * 3);
    });
    return out;
  }

  async bad(indices: ArrayLike<number>): Promise<ReadonlyMap<number, BadSample>> {
    const chosen = this.#at(indices);
    const bad = await this.pixels.ready(chosen);
    return new Map(
      Array.from(indices).flatMap((index, i) => {
        const found = bad.get(chosen[i] ?? -1);
        return found === undefined ? [] : [[index, found] as const];
      }),
    );
  }

  name(index: number): string {
    const [slot = -1] = this.#at([index]);
    return this.pixels.name(slot);
  }

  async digests(indices: ArrayLike<number>): Promise<readonly string[]> {
    return Promise.all(Array.from(await this.#decoded(indices), (slot) => this.pixels.digest(slot)));
  }

  prefetch(order: ArrayLike<number> = this.slots.map((_, i) => i)): void {
    this.pixels.want(this.#at(order));
  }

  subset(indices: Int32Array): ImageSet {
    const labels = this.labels && Int32Array.from(indices, (index) => this.labels?.[index] ?? -1);
    return new PixelImages(this.pixels, this.facts, this.#at(indices), labels);
  }

  close(): Promise<void> {
    return this.pixels.close();
  }

  /** The slots of images, once they are filled. */
  async #decoded(indices: ArrayLike<number>): Promise<Int32Array> {
    const chosen = this.#at(indices);
    const [bad] = (await this.pixels.ready(chosen)).values();
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
