import type { BadSample, ImageSet } from '../data/images.js';
import { purpose, random } from '../random.js';
import { sampleViews, type ViewInputs, type ViewsConfig } from '../world-model/index.js';

/** What one run of the step program is fed. */
export interface Batch {
  readonly images: Float32Array;
  readonly views: ViewInputs<Float32Array, Int32Array>;
}

/**
 * The images of one run of the step program. Every epoch is its own random order of all images; the same
 * (seed, number) always gives the same batch, so resuming needs no state. In the place of an image that cannot be
 * read stands another, drawn by the place.
 */
export class Batches {
  #epoch = -1;
  #order = new Int32Array();

  /** @param onBad is told of each image that cannot be read and throws to stop; without it, the first one stops */
  constructor(
    private readonly images: ImageSet,
    private readonly views: ViewsConfig,
    private readonly seed: number,
    private readonly size: number,
    private readonly onBad?: (bad: BadSample) => void,
  ) {}

  /** Lets decoding run ahead from batch `number` on. */
  prefetch(number: number): void {
    const { length } = this.images;
    const first = number * this.size;
    this.images.prefetch(Int32Array.from({ length }, (_, i) => this.#at(first + i)));
  }

  async get(number: number): Promise<Batch> {
    const places = Array.from({ length: this.size }, (_, i) => number * this.size + i);
    const indices = await this.#readable(places);
    const views = sampleViews(
      this.views,
      this.seed,
      number,
      places.map((_, i) => i),
    );
    return { images: await this.images.batch(indices), views };
  }

  /** The images at `places`, others for those that are bad. */
  async #readable(places: readonly number[]): Promise<Int32Array> {
    const indices = Int32Array.from(places, (place) => this.#at(place));
    const bad = this.onBad === undefined ? new Map<number, BadSample>() : await this.images.bad(indices);
    for (const [i, place] of places.entries()) {
      const draw = random(this.seed, place, purpose.substitute);
      let found = bad.get(indices[i] as number);
      while (found !== undefined) {
        this.onBad?.(found);
        const index = draw.integer(this.images.length);
        indices[i] = index;
        found = (await this.images.bad([index])).get(index);
      }
    }
    return indices;
  }

  /** The image at a place in the endless sequence of epochs. */
  #at(place: number): number {
    const epoch = Math.floor(place / this.images.length);
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#order = random(this.seed, epoch, purpose.order).permutation(
        this.images.length,
      ) as Int32Array<ArrayBuffer>;
    }
    return this.#order[place % this.images.length] as number;
  }
}
