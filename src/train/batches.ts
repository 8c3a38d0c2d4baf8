import type { ImageSet } from '../data/image-set.js';
import { purpose, random } from '../random.js';
import { sampleViews, type ViewInputs, type ViewsConfig } from '../world-model/index.js';
import type { Admission } from './admission.js';
import { Epochs } from './epochs.js';
import type { OwnRuns } from './own-runs.js';

/** Images whose decoding is timed. */
const TIMED = 32;

/** What one run of the step program is fed. */
export interface Batch {
  readonly images: Float32Array;
  readonly views: ViewInputs<Float32Array, Int32Array>;
}

/**
 * The images of the runs of the step program. Every epoch is its own random order of all images; the same
 * (seed, number) always gives the same batch, so resuming needs no state. In the place of an image that is not admitted
 * stands another, drawn by the place.
 */
export class Batches {
  readonly #epochs: Epochs;

  /**
   * @param size images of a run of one process
   * @param admission of the images; without it all are taken, and the first that cannot be read stops
   * @param own the runs of this rank; those of one process by default
   */
  constructor(
    private readonly images: ImageSet,
    private readonly views: ViewsConfig,
    private readonly seed: number,
    private readonly size: number,
    private readonly admission?: Pick<Admission, 'refused'>,
    private readonly own: OwnRuns = { first: 0, runs: 1, size, batch: size },
  ) {
    this.#epochs = new Epochs(images.length, seed);
  }

  /** Lets decoding run ahead from batch `number` on. */
  prefetch(number: number): void {
    const runs = Math.ceil(this.images.length / this.own.size);
    const places = Array.from({ length: runs }, (_, i) => this.#places(number + i));
    this.images.prefetch(Int32Array.from(places.flat(), (place) => this.#epochs.at(place)));
  }

  /** Seconds that the decoding of an image takes, by those of batch `number` and after it; they are decoded then. */
  async timeDecoding(number: number): Promise<number> {
    const indices = this.#epochs.from(this.#places(number)[0] as number, TIMED + 1);
    // The first one starts the threads.
    await this.images.bad(indices.subarray(0, 1));
    const began = performance.now();
    await this.images.bad(indices.subarray(1));
    return (performance.now() - began) / 1000 / TIMED;
  }

  async get(number: number): Promise<Batch> {
    const places = this.#places(number);
    const indices = await this.#admitted(places);
    // Keyed by the runs of one process, whoever reads them.
    const samples = places.map((place) => [Math.floor(place / this.size), place % this.size] as const);
    const views = sampleViews(this.views, this.seed, samples);
    return { images: await this.images.batch(indices), views };
  }

  /** The places of a run, among those of all steps. */
  #places(number: number): number[] {
    const { first, runs, size, batch } = this.own;
    const start = Math.floor(number / runs) * batch + first + (number % runs) * size;
    return Array.from({ length: size }, (_, i) => start + i);
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
