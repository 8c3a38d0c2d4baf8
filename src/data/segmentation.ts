import { UserError } from '../errors.js';
import type { ImageSize, RgbImage } from './encoded-image.js';
import { checkClasses, type Mask, turnMask } from './mask.js';
import { findTurning } from './mask-turning.js';
import { MaskedImages } from './masked-images.js';
import { openSource } from './open-source.js';
import { syntheticClasses } from './scene.js';
import { describeSource, type Masks, type Source, USUALLY_IGNORED } from './source.js';
import type { Split } from './splits.js';

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
  /** What was found in the source and is not used, or was guessed: a sentence each. */
  readonly notes: readonly string[];
  readonly length: number;
  /** Places of these images, which have a mask, among so many of the source. */
  readonly places: Int32Array;
  readonly among: number;
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

/**
 * Opens images with masks: a folder with a folder of masks or masks beside the images, WebDataset tar files with
 * `.seg.png`, or `synthetic`. Images without a mask are left out. Names of classes and the ignored class come from its
 * `dataset.json`; without it all masks are read once, of all splits, to see how many classes there are. A mask that was
 * drawn on the image as it is stored is turned as EXIF data turn the image.
 * @param options.size of the shorter side of the decoded images, pixels
 * @param options.split as for `openImages`
 * @param options.classes names of class 0, 1, … where no `dataset.json` tells them
 * @param options.ignored the ignored class where no `dataset.json` tells it (default 255)
 * @throws UserError for a source that cannot be opened or has no masks
 */
export async function openSegmentation(
  source: string,
  {
    size,
    split,
    classes: given,
    ignored = USUALLY_IGNORED,
  }: {
    size: number;
    split?: Split | undefined;
    classes?: readonly string[] | undefined;
    ignored?: number | undefined;
  },
): Promise<SegmentationSet> {
  const opened = await openSource(source, split);
  const masks = masksOf(source, opened);
  const places = masks.places ?? Int32Array.from({ length: opened.length }, (_, place) => place);
  const own = { images: opened.pixels, places, masks: masks.pixels };
  const images = new MaskedImages(own, size);
  const everywhere = (): MaskedImages => new MaskedImages(masks.everywhere ?? own, size);
  const neglected = masks.ignored ?? ignored;
  const named = masks.classes ?? given;
  const classes = named ?? (await numberClasses(everywhere(), neglected));
  if (classes.length > 256)
    throw new UserError(`${source}: ${classes.length} classes are named, but a mask's bytes tell 256 apart`);
  const sizes = await images.imageSizes();
  const turning = await findTurning(images, sizes, everywhere);
  const mask = async (index: number): Promise<Mask> => {
    if (!(index >= 0 && index < places.length))
      throw new RangeError(`no image ${index} among ${places.length}`);
    const orientation = turning.orientations.get(index);
    const stored = await images.mask(index);
    const found = orientation === undefined ? stored : turnMask(stored, orientation);
    checkSize(images, index, found, sizes[index] ?? (await images.imageSize(index)));
    checkClasses(images.maskName(index), found, { classes, ignored: neglected });
    return found;
  };
  return {
    source,
    split: opened.split,
    description: describeSource(source, { ...opened, length: places.length, classes }, { of: ' of pixels' }),
    notes: [...(opened.notes ?? []), ...turning.notes],
    length: places.length,
    places,
    among: opened.length,
    classes,
    ignored: neglected,
    async sample(index) {
      const own = await mask(index);
      return { name: images.imageName(index), image: await images.image(index), mask: own };
    },
    mask,
    close: () => images.close(),
  };
}

/** @throws UserError where there are none */
function masksOf(source: string, { pixels, masks }: Source): Masks {
  if (masks !== undefined) return masks();
  if (pixels.kind === 'synthetic')
    return { pixels, ignored: undefined, classes: ['background', ...syntheticClasses] };
  throw new UserError(
    `${source}: has no masks; give a folder with images/ and annotations/ (PNG, a class a pixel), files 001.jpg with 001_mask.png beside them, or tar files with .seg.png`,
  );
}

/** Names of the classes where nobody gave any: the numbers up to the largest in any mask but the ignored one. */
async function numberClasses(images: MaskedImages, ignored: number): Promise<string[]> {
  let largest = 0;
  try {
    for (let at = 0; at < images.length; at++)
      for (const value of (await images.mask(at)).data)
        if (value > largest && value !== ignored) largest = value;
  } finally {
    await images.close();
  }
  return Array.from({ length: largest + 1 }, (_, value) => String(value));
}

function checkSize(
  images: MaskedImages,
  at: number,
  mask: Mask,
  { width, height, orientation }: ImageSize,
): void {
  if (width === mask.width && height === mask.height) return;
  const turned = orientation === 1 ? '' : ' as its EXIF data turn it';
  throw new UserError(
    `${images.maskName(at)}: a mask of ${mask.width} × ${mask.height} pixels for an image of ${width} × ${height}${turned}, ${images.imageName(at)}`,
  );
}
