import { count, some } from '../words.js';
import type { ImageSize } from './encoded-image.js';
import type { MaskedImages } from './masked-images.js';

/** What EXIF data that turn images mean for their masks. */
export interface MaskTurning {
  /** How a mask is to be turned with its image, 2 … 8 as EXIF counts them; those that are not there are right as they are. */
  readonly orientations: ReadonlyMap<number, number>;
  readonly notes: readonly string[];
}

/** Images that EXIF turns, by what their masks' sizes fit. */
interface Fits {
  /** The image as stored, and not as turned. */
  readonly stored: readonly number[];
  /** As turned, and not as stored. */
  readonly turned: readonly number[];
  /** Both: turned upside down, mirrored, or square. */
  readonly both: readonly number[];
}

/**
 * Finds the masks that were drawn on images as they are stored, so that they have to be turned as EXIF turns these. Their
 * sizes tell; where a mask fits either way, what those of the other images tell, of all splits; where they tell nothing, it
 * was drawn on the turned image, as annotation tools show it.
 * @param sizes of the images
 * @param everywhere opens the images of all splits
 */
export async function findTurning(
  images: MaskedImages,
  sizes: readonly (ImageSize | undefined)[],
  everywhere: () => MaskedImages,
): Promise<MaskTurning> {
  const own = await fitsOf(images, sizes);
  const known = own.both.length === 0 || own.stored.length + own.turned.length > 0;
  const all = known ? own : await fitsEverywhere(everywhere());
  const [told] = all.turned.length === 0 ? all.stored : [];
  const stored = told === undefined ? own.stored : [...own.stored, ...own.both];
  const unknown = (all.stored.length === 0) === (all.turned.length === 0) ? own.both : [];
  const names = (places: readonly number[]): string => some(places.map((at) => images.maskName(at)));
  return {
    orientations: new Map(stored.map((at) => [at, sizes[at]?.orientation ?? 1])),
    notes: [
      ...(stored.length > 0
        ? [
            `${count(stored.length, 'mask')} drawn on the image as stored, so turned with it by its EXIF data: ${names(stored)}`,
          ]
        : []),
      ...(unknown.length > 0
        ? [
            `${count(unknown.length, 'mask')} that may be drawn on the image as stored or as its EXIF data turn it; taken for the latter, which annotation tools show: ${names(unknown)}`,
          ]
        : []),
    ],
  };
}

async function fitsEverywhere(images: MaskedImages): Promise<Fits> {
  try {
    return await fitsOf(images, await images.imageSizes());
  } finally {
    await images.close();
  }
}

async function fitsOf(images: MaskedImages, sizes: readonly (ImageSize | undefined)[]): Promise<Fits> {
  const fits = { stored: [] as number[], turned: [] as number[], both: [] as number[] };
  for (const [at, size] of sizes.entries()) {
    if (size === undefined || size.orientation === 1) continue;
    const mask = await images.maskSize(at).catch(() => undefined);
    const { width, height, orientation } = size;
    const isTurned = mask?.width === width && mask.height === height;
    const isStored = orientation < 5 ? isTurned : mask?.width === height && mask.height === width;
    if (isTurned && isStored) fits.both.push(at);
    else if (isTurned) fits.turned.push(at);
    else if (isStored) fits.stored.push(at);
  }
  return fits;
}
