import { UserError } from '../errors.js';
import { decodeImage, type ImageSize, imageSize, type RgbImage } from './encoded-image.js';
import { EncodedImages, nameOf } from './encoded-images.js';
import { decodeMask, type Mask, maskSize } from './mask.js';
import { drawScene } from './scene.js';
import type { MaskedPixels, Pixels } from './source.js';

/** Images whose headers are read at once. */
const TOGETHER = 8;

/** Reads images and their masks, in pairs; keeps none. What cannot be read throws a UserError naming the file. */
export class MaskedImages {
  readonly #encoded = new EncodedImages();

  /**
   * @param pairs the images and masks
   * @param size of the shorter side of decoded images, pixels
   */
  constructor(
    private readonly pairs: MaskedPixels,
    private readonly size: number,
  ) {}

  get length(): number {
    return this.pairs.places.length;
  }

  imageName(at: number): string {
    return nameOf({ source: this.pairs.images, at: this.#place(at) });
  }

  maskName(at: number): string {
    return nameOf({ source: this.pairs.masks, at });
  }

  async image(at: number): Promise<RgbImage> {
    const { images } = this.pairs;
    if (images.kind !== 'synthetic')
      return this.#read(images, this.#place(at), (bytes) => decodeImage(bytes, this.size, 'whole'));
    return this.#scene(images.first + at).image;
  }

  /** The mask as it is stored. */
  async mask(at: number): Promise<Mask> {
    const { masks } = this.pairs;
    if (masks.kind !== 'synthetic') return this.#read(masks, at, async (bytes) => decodeMask(bytes));
    return this.#scene(masks.first + at).mask;
  }

  /** The size of an image, from its header. */
  async imageSize(at: number): Promise<ImageSize> {
    const { images } = this.pairs;
    if (images.kind !== 'synthetic') return this.#read(images, this.#place(at), imageSize);
    return { width: this.size, height: this.size, orientation: 1 };
  }

  /** The size of a mask as it is stored, from its header. */
  maskSize(at: number): Promise<Pick<Mask, 'width' | 'height'>> {
    return this.#read(this.pairs.masks, at, async (bytes) => maskSize(bytes));
  }

  /** The sizes of all images; undefined for those that cannot be read. */
  async imageSizes(): Promise<readonly (ImageSize | undefined)[]> {
    const sizes: (ImageSize | undefined)[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let at = next++; at < this.length; at = next++)
        sizes[at] = await this.imageSize(at).catch(() => undefined);
    };
    await Promise.all(Array.from({ length: TOGETHER }, lane));
    return sizes;
  }

  close(): Promise<void> {
    return this.#encoded.close();
  }

  #place(at: number): number {
    const place = this.pairs.places[at];
    if (place === undefined) throw new RangeError(`no image ${at} among ${this.length}`);
    return place;
  }

  #scene(scene: number): { image: RgbImage; mask: Mask } {
    const side = { width: this.size, height: this.size };
    const [image, mask] = [new Uint8Array(3 * this.size ** 2), new Uint8Array(this.size ** 2)];
    drawScene(scene, this.size, image, 0, mask);
    return { image: { ...side, data: image }, mask: { ...side, data: mask } };
  }

  async #read<T>(source: Pixels, at: number, use: (bytes: Uint8Array) => Promise<T>): Promise<T> {
    try {
      return await use(await this.#encoded.read({ source, at }));
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`${nameOf({ source, at })}: ${(error as Error).message}`);
    }
  }
}
