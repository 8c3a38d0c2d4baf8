import type { ImageSet } from '../data/image-set.js';
import { purpose, random } from '../random.js';
import { sampleViews, type ViewInputs, type ViewsConfig } from '../world-model/index.js';
import type { Admission } from './admission.js';
import { Epochs } from './epochs.js';

/** Images whose decoding is timed. */
const TIMED = 32;

/** What one run of the step program is fed. */
export interface Batch {
  readonly images: Float32Array;
  readonly views: ViewInputs<Float32Array, Int32Array>;
}

/**
 * The images of one run of the step program. Every epoch is its own random order of all images; the same
 * (seed, number) always gives the same batch, so resuming needs no state. In the place of an image that is not admitted
 * stands another, drawn by the place.
 */
export class Batches {
  readonly #epochs: Epochs;

  /** @param admission of the images; without it all are taken, and the first that cannot be read stops */
  constructor(
    private readonly images: ImageSet,
    private readonly views: ViewsConfig,
    private readonly seed: number,
    private readonly size: number,
    private readonly admission?: Pick<Admission, 'refused'>,
  ) {
    this.#epochs = new Epochs(images.length, seed);
  }

  /** Lets decoding run ahead from batch `number` on. */
  prefetch(number: number): void {
    this.images.prefetch(this.#epochs.from(number * this.size, this.images.length));
  }

  /** Seconds that the decoding of an image takes, by those of batch `number` and after it; they are decoded then. */
  async timeDecoding(number: number): Promise<number> {
    const indices = this.#epochs.from(number * this.size, TIMED + 1);
    // The first one starts the threads.
    await this.images.bad(indices.subarray(0, 1));
    const began = performance.now();
    await this.images.bad(indices.subarray(1));
    return (performance.now() - began) / 1000 / TIMED;
  }

  async get(number: number): Promise<Batch> {
    const indices = await this.#admitted(number * this.size);
    const views = sampleViews(this.views, this.seed, number, Array.from(indices.keys()));
    return { images: await this.images.batch(indices), views };
  }

  /** The images of a batch from a place on, others for those that are not admitted. */
  async #admitted(first: number): Promise<Int32Array> {
    const indices = this.#epochs.from(first, this.size);
    if (this.admission === undefined) return indices;
    const refused = await this.admission.refused(indices);
    for (const [i, index] of indices.entries()) {
      if (!refused.has(index)) continue;
      const draw = random(this.seed, first + i, purpose.substitute);
      do indices[i] = draw.integer(this.images.length);
      while ((await this.admission.refused(indices.subarray(i, i + 1))).size > 0);
    }
    return indices;
  }
}
