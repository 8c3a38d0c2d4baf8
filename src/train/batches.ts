import type { ImageSet } from '../data/images.js';
import { sampleViews, type ViewInputs, type ViewsConfig } from '../world-model/index.js';
import { Epochs } from './epochs.js';

/** What one run of the step program is fed. */
export interface Batch {
  readonly images: Float32Array;
  readonly views: ViewInputs<Float32Array, Int32Array>;
}

/**
 * The images of one run of the step program. Every epoch is its own random order of all images; the same
 * (seed, number) always gives the same batch, so resuming needs no state.
 */
export class Batches {
  readonly #epochs: Epochs;

  constructor(
    private readonly images: ImageSet,
    private readonly views: ViewsConfig,
    private readonly seed: number,
    private readonly size: number,
  ) {
    this.#epochs = new Epochs(images.length, seed);
  }

  /** Lets decoding run ahead from batch `number` on. */
  prefetch(number: number): void {
    this.images.prefetch(this.#epochs.from(number * this.size, this.images.length));
  }

  async get(number: number): Promise<Batch> {
    const indices = this.#epochs.from(number * this.size, this.size);
    const views = sampleViews(this.views, this.seed, number, Array.from(indices.keys()));
    return { images: await this.images.batch(indices), views };
  }
}
