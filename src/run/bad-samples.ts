import type { BadSample } from '../data/image-set.js';
import { UserError } from '../errors.js';
import type { BadSampleList } from './run-store.js';

/** Counts the samples that pretraining skips because they cannot be read, and lists each once. */
export class BadSamples {
  readonly #seen: Set<string>;

  /**
   * Goes on with what is listed already.
   * @param images how many there are in all
   * @param share how many of them may be bad, 0 … 1
   * @throws UserError naming an entry of the list that is none of ours
   */
  constructor(
    private readonly list: BadSampleList,
    private readonly images: number,
    private readonly share: number,
  ) {
    this.#seen = new Set(list.read().map(({ sample }) => sample));
  }

  /** Lists a bad sample, once. @throws UserError when there are too many, or no others */
  add({ sample, reason }: BadSample): void {
    if (!this.#seen.has(sample)) {
      this.#seen.add(sample);
      this.list.add({ sample, reason });
    }
    const count = this.#seen.size;
    if (count <= this.share * this.images && count < this.images) return;
    const percent = (part: number): string => `${Number((100 * part).toPrecision(2))} %`;
    throw new UserError(
      `${sample}: ${reason}; ${count} of ${this.images} images cannot be read, more than the ${percent(this.share)} that badSamples allows: mend or remove those that ${this.list.name} lists, or allow more with --set badSamples=${Math.min(1, Number(((2 * count) / this.images).toPrecision(1)))}`,
    );
  }

  /** One line for people; undefined when there are none. */
  describe(): string | undefined {
    const { size } = this.#seen;
    return size === 0
      ? undefined
      : `${size} of ${this.images} images cannot be read and are skipped: ${this.list.name}`;
  }
}
