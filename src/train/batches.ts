import type { BadSample, ImageSet } from '../data/image-set.js';
import { purpose, random } from '../random.js';
import { sampleViews, type ViewInputs, type ViewsConfig } from '../world-model/index.js';
import { Epochs } from './epochs.js';

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
  readonly #epochs: Epochs;

  /** @param onBad is told of each image that cannot be read and throws to stop; without it, the first one stops */
  constructor(
    private readonly images: ImageSet,
    private readonly views: ViewsConfig,
    private readonly seed: number,
    private readonly size: number,
    private readonly onBad?: (bad: BadSample) => void,
  ) {
    this.#epochs = new Epochs(images.length, seed);
  }

  /** Lets decoding run ahead from batch `number` on. */
  prefetch(number: number): void {
    this.images.prefetch(this.#epochs.from(number * this.size, this.images.length));
  }

  async get(number: number): Promise<Batch> {
    const indices = await this.#readable(number * this.size);
    const views = sampleViews(this.views, this.seed, number, Array.from(indices.keys()));
    return { images: await this.images.batch(indices), views };
  }

  /** The images of a batch from a place on, others for those that are bad. */
  async #readable(first: number): Promise<Int32Array> {
    const indices = this.#epochs.from(first, this.size);
    if (this.onBad === undefined) return indices;
    const bad = await this.images.bad(indices);
    for (const [i, index] of indices.entries()) {
      const draw = random(this.seed, first + i, purpose.substitute);
      for (let found = bad.get(index); found !== undefined; ) {
        this.onBad(found);
        const other = draw.integer(this.images.length);
        indices[i] = other;
        found = (await this.images.bad([other])).get(other);
      }
    }
    return indices;
  }
}
