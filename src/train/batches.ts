import type { ImageSet } from '../data/image-set.js';
import { purpose, random } from '../random.js';
import type { Part } from '../ranks/ranks.js';
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

  /**
   * @param size images of a batch
   * @param admission of the images; without it all are taken, and the first that cannot be read stops
   * @param part places of a batch that are read here; all by default
   */
  constructor(
    private readonly images: ImageSet,
    private readonly views: ViewsConfig,
    private readonly seed: number,
    private readonly size: number,
    private readonly admission?: Pick<Admission, 'refused'>,
    private readonly part: Part = { first: 0, count: size },
  ) {
    this.#epochs = new Epochs(images.length, seed);
  }

  /** Lets decoding run ahead from batch `number` on. */
  prefetch(number: number): void {
    const batches = Math.ceil(this.images.length / this.part.count);
    const places = Array.from({ length: batches }, (_, i) => this.#places(number + i));
    this.images.prefetch(Int32Array.from(places.flat(), (place) => this.#epochs.at(place)));
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
    const places = this.#places(number);
    const indices = await this.#admitted(places);
    const samples = places.map((place) => place - number * this.size);
    const views = sampleViews(this.views, this.seed, number, samples);
    return { images: await this.images.batch(indices), views };
  }

  /** The places of a batch that are read here, among those of all batches. */
  #places(number: number): number[] {
    const first = number * this.size + this.part.first;
    return Array.from({ length: this.part.count }, (_, i) => first + i);
  }

  /** The images at places, others for those that are not admitted. */
  async #admitted(places: readonly number[]): Promise<Int32Array> {
    const indices = Int32Array.from(places, (place) => this.#epochs.at(place));
    if (this.admission === undefined) return indices;
    const refused = await this.admission.refused(indices);
    for (const [i, index] of indices.entries()) {
      if (!refused.has(index)) continue;
      const draw = random(this.seed, places[i] as number, purpose.substitute);
      do indices[i] = draw.integer(this.images.length);
      while ((await this.admission.refused(indices.subarray(i, i + 1))).size > 0);
    }
    return indices;
  }
}
