import type { Log } from '../log.js';
import { count, duration } from '../words.js';

/**
 * Says how far an evaluation is and how long it still takes. What it takes is counted in images encoded, by far the most
 * of it, so that the time left is that of all its parts.
 */
export class Progress {
  readonly #began = performance.now();
  #encoded = 0;

  /** @param planned images to be encoded in all */
  constructor(
    private readonly log: Log,
    private planned: number,
  ) {}

  /**
   * Begins a part.
   * @param what of it is under way
   * @param each images that are encoded for one of its images
   * @returns is told how many of its images are done
   */
  part(what: string, images: number, each = 1): (done: number) => void {
    const before = this.#encoded;
    return (done) => {
      this.#encoded = before + done * each;
      const seconds = (performance.now() - this.#began) / 1000;
      const left = (seconds / this.#encoded) * (this.planned - this.#encoded);
      this.log.progress(
        `${what}: ${done.toLocaleString('en-US')} of ${count(images, 'image')}, ${duration(left)} left`,
      );
    };
  }

  /** So many images need not be encoded after all. */
  spare(images: number): void {
    this.planned -= images;
  }
}
