import type { BadSample, ImageSet } from '../data/image-set.js';
import { type OnBad, readDigests } from '../data/known-images.js';
import { UserError } from '../errors.js';
import { gather } from '../ranks/exchange.js';
import type { Ranks } from '../ranks/ranks.js';

/**
 * Which images may be trained on: all that can be read and are no copies of held-out ones. That is found out as they
 * come; whatever was admitted is taken as trained on.
 */
export class Admission {
  /** By image; 1: admitted. */
  readonly #admitted: Uint8Array;
  readonly #refused = new Set<number>();
  readonly #trained: Set<string>;
  /** Their names. */
  readonly #copies = new Set<string>();
  #found = nothing();

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

  /** Has all ranks know what each has found out about its own images since the last time. @throws as `onBad` */
  async share(ranks: Ranks): Promise<void> {
    const found = await gather(ranks, this.#found);
    this.#found = nothing();
    for (const { trained, copies, bad } of found) {
      for (const digest of trained) this.#trained.add(digest);
      for (const name of copies) this.#copies.add(name);
      for (const sample of bad) await this.onBad(sample);
    }
  }

  /** Those of some images that must not be trained on. @throws UserError where no image may; as `onBad` */
  async refused(indices: Int32Array): Promise<ReadonlySet<number>> {
    const unknown = new Set(
      indices.filter((index) => this.#admitted[index] === 0 && !this.#refused.has(index)),
    );
    if (unknown.size > 0) {
      const digests = await readDigests(this.images, Int32Array.from(unknown), async (bad) => {
        this.#found.bad.push(bad);
        await this.onBad(bad);
      });
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
    const [first] = this.#copies;
    return first === undefined
      ? undefined
      : `images like held-out ones are not trained on: ${this.#copies.size}, such as ${first}`;
  }

  #judge(index: number, digest: string | undefined): void {
    if (digest !== undefined && !this.heldOut.has(digest)) {
      this.#admitted[index] = 1;
      this.#found.trained.push(digest);
      this.#trained.add(digest);
      return;
    }
    this.#refused.add(index);
    if (digest === undefined) return;
    this.#found.copies.push(this.images.name(index));
    this.#copies.add(this.images.name(index));
  }
}

/** What was found out about images: digests of those trained on, names of copies, and those that cannot be read. */
const nothing = (): { trained: string[]; copies: string[]; bad: BadSample[] } => ({
  trained: [],
  copies: [],
  bad: [],
});
