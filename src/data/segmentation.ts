import { UserError } from '../errors.js';
import { decodeImage, imageSize, type RgbImage } from './encoded-image.js';
import { EncodedImages, nameOf } from './encoded-images.js';
import { decodeMask, type Mask } from './mask.js';
import { openSource } from './open-source.js';
import type { Masks, Pixels } from './source.js';
import type { Split } from './splits.js';
import { drawScene, syntheticClasses } from './synthetic.js';

/** One image with a class for every pixel. */
export interface SegmentationSample {
  /** File, or file and member. */
  readonly name: string;
  /** The whole image at the working resolution, RGB bytes [height, width, 3]. */
  readonly image: RgbImage;
  /** At its own resolution, that of the image's file: bytes [height, width], each a class or the ignored one. */
  readonly mask: Mask;
}

/** Images with a class for every pixel. */
export interface SegmentationSet {
  readonly source: string;
  readonly split: Split;
  /** One line for people. */
  readonly description: string;
  readonly length: number;
  /** Names of class 0, 1, …, the ignored one included where it is among them. */
  readonly classes: readonly string[];
  /** The class of pixels that count for nothing: neither in a loss nor in a measure. */
  readonly ignored: number;
  /**
   * Reads and decodes sample `index`; nothing is kept.
   * @throws UserError naming the file of an image or mask that cannot be read, of a mask whose size is not its image's,
   *   or with a class that is none
   * @throws RangeError for an index that is none
   */
  sample(index: number): Promise<SegmentationSample>;
  /** The mask of sample `index` alone; the image's size is read off its header. @throws as `sample` */
  mask(index: number): Promise<Mask>;
  close(): Promise<void>;
}

/** Where nobody says which class is ignored: the usual one. */
const USUALLY_IGNORED = 255;

/**
 * Opens images with masks: a folder with `images` and `annotations`, WebDataset tar files with `.seg.png`, or
 * `synthetic`. Names of classes and the ignored class come from its `dataset.json`; without it all masks are read once
 * to see how many classes there are.
 * @param options.size of the shorter side of the decoded images, pixels
 * @param options.split as for `openImages`
 * @param options.classes names of class 0, 1, … where no `dataset.json` tells them
 * @param options.ignored the ignored class where no `dataset.json` tells it (default 255)
 * @throws UserError for a source that cannot be opened, has no masks, or has an image without one
 */
export async function openSegmentation(
  source: string,
  {
    size,
    split,
    classes: named,
    ignored = USUALLY_IGNORED,
  }: {
    size: number;
    split?: Split | undefined;
    classes?: readonly string[] | undefined;
    ignored?: number | undefined;
  },
): Promise<SegmentationSet> {
  const { pixels, masks, ...facts } = await openSource(source, split);
  const drawn =
    pixels.kind === 'synthetic' ? { pixels, classes: ['background', ...syntheticClasses] } : undefined;
  if (drawn === undefined && masks === undefined)
    throw new UserError(
      `${source}: has no masks; give a folder with images/ and annotations/, or tar files with .seg.png`,
    );
  const found: Masks = masks?.() ?? { pixels, ignored: undefined, classes: drawn?.classes };
  const set = new EncodedSegmentation(pixels, found.pixels, size);
  const neglected = found.ignored ?? ignored;
  const classes = found.classes ?? named ?? (await set.numbers(facts.length, neglected));
  const mask = async (index: number): Promise<Mask> => {
    if (!(index >= 0 && index < facts.length))
      throw new RangeError(`no image ${index} among ${facts.length}`);
    const found = await set.mask(index);
    await set.checkSize(index, found);
    set.checkClasses(index, found, classes.length, neglected);
    return found;
  };
  return {
    source,
    split: facts.split,
    description: facts.description.replace(/no labels|\d+ classes/, `${classes.length} classes of pixels`),
    length: facts.length,
    classes,
    ignored: neglected,
    async sample(index) {
      const own = await mask(index);
      return { name: set.name(index), image: await set.image(index), mask: own };
    },
    mask,
    close: () => set.close(),
  };
}

class EncodedSegmentation {
  readonly #encoded = new EncodedImages();

  constructor(
    private readonly images: Pixels,
    private readonly masks: Pixels,
    private readonly size: number,
  ) {}

  name(at: number): string {
    return nameOf({ source: this.images, at });
  }

  async mask(at: number): Promise<Mask> {
    const { masks, size } = this;
    if (masks.kind === 'synthetic') {
      const data = new Uint8Array(size * size);
      drawScene(masks.first + at, size, new Uint8Array(3 * size * size), 0, data);
      return { width: size, height: size, data };
    }
    return this.#read(masks, at, async (bytes) => decodeMask(bytes));
  }

  async image(at: number): Promise<RgbImage> {
    const { images, size } = this;
    if (images.kind === 'synthetic') {
      const data = new Uint8Array(3 * size * size);
      drawScene(images.first + at, size, data);
      return { width: size, height: size, data };
    }
    return this.#read(images, at, (bytes) => decodeImage(bytes, size, 'whole'));
  }

  async checkSize(at: number, mask: Mask): Promise<void> {
    if (this.images.kind === 'synthetic') return;
    const { width, height } = await this.#read(this.images, at, imageSize);
    if (width !== mask.width || height !== mask.height)
      throw new UserError(
        `${nameOf({ source: this.masks, at })}: a mask of ${mask.width} × ${mask.height} pixels for an image of ${width} × ${height}, ${this.name(at)}`,
      );
  }

  checkClasses(at: number, { data, width }: Mask, classes: number, ignored: number): void {
    const bad = data.findIndex((value) => value >= classes && value !== ignored);
    if (bad >= 0)
      throw new UserError(
        `${nameOf({ source: this.masks, at })}: class ${data[bad]} at column ${bad % width}, row ${Math.floor(bad / width)}, but there are ${classes} classes; the ignored one is ${ignored}`,
      );
  }

  /** Names of the classes where nobody gave any: the numbers up to the largest in any mask but the ignored one. */
  async numbers(length: number, ignored: number): Promise<string[]> {
    let largest = 0;
    for (let at = 0; at < length; at++)
      for (const value of (await this.mask(at)).data)
        if (value > largest && value !== ignored) largest = value;
    return Array.from({ length: largest + 1 }, (_, i) => String(i));
  }

  close(): Promise<void> {
    return this.#encoded.close();
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
