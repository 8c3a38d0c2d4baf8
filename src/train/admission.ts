import type { ImageSet } from '../data/image-set.js';
import { type OnBad, readDigests } from '../data/known-images.js';
import { UserError } from '../errors.js';

/**
 * Which images may be trained on: all that can be read and are no copies of held-out ones. That is found out as they
 * come; whatever was admitted is taken as trained on.
 */
export class Admission {
  /** By image; 1: admitted. */
  readonly #admitted: Uint8Array;
  readonly #refused = new Set<number>();
  readonly #trained: Set<string>;
  #copies = 0;
  #aCopy = '';

  /**
   * @param heldOut digests of images that must not be trained on
   * @param trained digests of those that have been already
   * @param onBad is told of each image that cannot be read, and throws to stop
   */
  constructor(
    private readonly images: ImageSet,
    private readonly heldOut: ReadonlySet<string>,
    trained: Iterable<string>,
    private readonly onBad: OnBad,
  ) {
    this.#trained = new Set(trained);
    this.#admitted = new Uint8Array(images.length);
  }

  /** Digests of the images that were trained on. */
  get trained(): ReadonlySet<string> {
    return this.#trained;
  }

  /** Those of some images that must not be trained on. @throws UserError where no image may; as `onBad` */
  async refused(indices: Int32Array): Promise<ReadonlySet<number>> {
    const unknown = new Set(
      indices.filter((index) => this.#admitted[index] === 0 && !this.#refused.has(index)),
    );
    if (unknown.size > 0) {
      const digests = await readDigests(this.images, Int32Array.from(unknown), this.onBad);
      for (const index of unknown) this.#judge(index, digests.get(index));
    }
    if (this.#refused.size === this.images.length)
      throw new UserError(
        `${this.images.source}: every image to train on is a copy of one that is held out, or cannot be read; give more images`,
      );
    return new Set(indices.filter((index) => this.#refused.has(index)));
  }

  /** One line for people; undefined where no copy was met. */
  describe(): string | undefined {
    return this.#copies === 0
      ? undefined
      : `images like held-out ones are not trained on: ${this.#copies}, such as ${this.#aCopy}`;
  }

  #judge(index: number, digest: string | undefined): void {
    if (digest !== undefined && !this.heldOut.has(digest)) {
      this.#admitted[index] = 1;
      this.#trained.add(digest);
      return;
    }
    this.#refused.add(index);
    if (digest === undefined) return;
    this.#copies++;
    this.#aCopy ||= this.images.name(index);
  }
}
