import { purpose, random } from '../random.js';

/** An endless sequence of images: epoch after epoch, each a random order of its own, by the seed alone. */
export class Epochs {
  #epoch = -1;
  #order = new Int32Array();

  /**
   * @param length images, ≥ 1
   * @param stream sequences of equal length and seed but other streams have other orders
   */
  constructor(
    private readonly length: number,
    private readonly seed: number,
    private readonly stream = 0,
  ) {}

  /** The image at a place in the sequence. */
  at(place: number): number {
    const epoch = Math.floor(place / this.length);
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      const keys = [epoch, purpose.order, ...(this.stream === 0 ? [] : [this.stream])];
      this.#order = random(this.seed, ...keys).permutation(this.length) as Int32Array<ArrayBuffer>;
    }
    return this.#order[place % this.length] as number;
  }

  /** The `count` images from a place on. */
  from(place: number, count: number): Int32Array {
    return Int32Array.from({ length: count }, (_, i) => this.at(place + i));
  }
}
