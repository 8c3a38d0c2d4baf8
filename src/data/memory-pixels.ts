import type { BadSample } from './image-set.js';
import type { PixelSlots } from './pixel-images.js';

/** Bytes of an image's digest. */
const DIGEST = 8;

/** An image that is not decoded yet. */
export interface UndecodedImage {
  /** What messages call it. */
  readonly name: string;
  /** Its pixels, uint8 [size, size, 3]. @throws Error saying in a few words why it is no readable image */
  readonly decode: () => Uint8Array | Promise<Uint8Array>;
}

/** Pixels in memory, without threads: each image is decoded when it is first asked for, and kept. */
export class MemoryPixels implements PixelSlots {
  readonly #decoded: (Promise<Uint8Array | BadSample> | undefined)[] = [];
  readonly #pixels: (Uint8Array | undefined)[] = [];

  constructor(
    readonly size: number,
    private readonly images: readonly UndecodedImage[],
  ) {}

  name(slot: number): string {
    return this.#image(slot).name;
  }

  /** Nothing runs beside the page's own thread. */
  want(): void {}

  async ready(slots: Int32Array): Promise<ReadonlyMap<number, BadSample>> {
    const bad = new Map<number, BadSample>();
    const decode = async (slot: number): Promise<void> => {
      this.#decoded[slot] ??= this.#decode(slot);
      const decoded = await this.#decoded[slot];
      if (decoded instanceof Uint8Array) this.#pixels[slot] = decoded;
      else bad.set(slot, decoded);
    };
    await Promise.all(Array.from(slots, decode));
    return bad;
  }

  read(slot: number): Uint8Array {
    const pixels = this.#pixels[slot];
    if (pixels === undefined) throw new RangeError(`image ${slot} is not decoded`);
    return pixels;
  }

  async digest(slot: number): Promise<string> {
    const hash = await crypto.subtle.digest('SHA-1', this.read(slot) as Uint8Array<ArrayBuffer>);
    return Array.from(new Uint8Array(hash, 0, DIGEST), (byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  async close(): Promise<void> {}

  async #decode(slot: number): Promise<Uint8Array | BadSample> {
    const { name, decode } = this.#image(slot);
    try {
      return await decode();
    } catch (error) {
      return { sample: name, reason: (error as Error).message };
    }
  }

  #image(slot: number): UndecodedImage {
    const image = this.images[slot];
    if (image === undefined) throw new RangeError(`no image ${slot} among ${this.images.length}`);
    return image;
  }
}
