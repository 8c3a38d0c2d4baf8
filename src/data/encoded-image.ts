import sharp, { type Sharp } from 'sharp';
import { warn } from '../warning.js';
import { MOST_PIXELS } from './most-pixels.js';
import { decodePlainJpeg } from './plain-jpeg.js';
import { hasUndeclaredBand } from './tiff-bands.js';

/**
 * What becomes of an image that is no square: `square` keeps the middle, `stretched` brings everything into a square,
 * `whole` keeps everything and its shape.
 */
export type Fit = 'square' | 'stretched' | 'whole';

/** RGB pixels, bytes [height, width, 3]. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

const resizing = { square: 'cover', stretched: 'fill', whole: 'outside' } as const;

/** How the kinds of files begin, by offset, as Latin-1: nothing else, such as SVG, is given to the decoders. */
const beginnings = {
  0: ['\xff\xd8\xff', '\x89PNG\r\n\x1a\n', 'GIF87a', 'GIF89a', 'II*\0', 'II+\0', 'MM\0*', 'MM\0+'],
  4: ['ftypavif', 'ftypavis', 'ftypmif1', 'ftypmiaf'],
  8: ['WEBP'],
};

/**
 * Decodes an image to 8-bit sRGB: turned as its EXIF data say, the first frame or page of several, alpha over black. Grey
 * values and colours count from 0 to the largest of their bits; a band beyond them that a TIFF does not declare to be
 * alpha is not used, with a warning.
 * @param bytes a JPEG, PNG, WebP, AVIF, GIF or TIFF file
 * @param size of the shorter side, or of both, pixels
 * @throws Error saying in a few words why it is no readable image; the name is the caller's to add
 */
export async function decodeImage(bytes: Uint8Array, size: number, fit: Fit = 'square'): Promise<RgbImage> {
  const plain = fit === 'square' ? await decodePlainJpeg(bytes, size) : undefined;
  if (plain) return { width: size, height: size, data: plain };
  checkKind(bytes);
  return decode(bytes, (image) => image.resize(size, size, { fit: resizing[fit] }));
}

/** Decodes an image as {@link decodeImage} does, at its own size. @throws Error as there */
export async function decodeUnresized(bytes: Uint8Array): Promise<RgbImage> {
  checkKind(bytes);
  return decode(bytes, (image) => image);
}

async function decode(bytes: Uint8Array, resize: (image: Sharp) => Sharp): Promise<RgbImage> {
  const surplus = isTiff(bytes) && hasUndeclaredBand(bytes);
  try {
    const image = sharp(bytes, { failOn: 'error', limitInputPixels: MOST_PIXELS })
      .autoOrient()
      .toColourspace('srgb');
    const colours = surplus ? await withoutSurplus(image) : image.flatten({ background: '#000' });
    const { data, info } = await resize(colours).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data };
  } catch (error) {
    throw new Error(await reason(bytes, error as Error));
  }
}

/** The colours alone, before anything weights them by a further band. */
async function withoutSurplus(image: Sharp): Promise<Sharp> {
  warn('a band of TIFF images that is neither colour nor declared to be transparency is not used');
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return sharp(data, { raw: info });
}

function isTiff(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  return first === second && (first === 0x49 || first === 0x4d);
}

/** Width and height of an image, turned as its EXIF data say, and how these turn it: 1 … 8, 1 not at all. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
  readonly orientation: number;
}

/** The size of an image, from its header. @throws Error as {@link decodeImage} */
export async function imageSize(bytes: Uint8Array): Promise<ImageSize> {
  checkKind(bytes);
  try {
    const { autoOrient, orientation = 1 } = await sharp(bytes, { limitInputPixels: MOST_PIXELS }).metadata();
    return { ...autoOrient, orientation };
  } catch (error) {
    throw new Error(await reason(bytes, error as Error));
  }
}

function checkKind(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new Error('not a readable image (empty)');
  const start = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  const known = Object.entries(beginnings).some(([at, texts]) =>
    texts.some((text) => start.startsWith(text, Number(at))),
  );
  if (!known) throw new Error('not a readable image (neither JPEG, PNG, WebP, AVIF, GIF nor TIFF)');
}

async function reason(bytes: Uint8Array, { message }: Error): Promise<string> {
  // What several threads run into at once has no words of its own.
  if (message === 'Unknown error') return 'not a readable image (damaged)';
  if (!message.includes('pixel limit')) return `not a readable image (${message.split('\n')[0]})`;
  const most = MOST_PIXELS / 1e6;
  const { width, height } = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch(() => ({ width: undefined, height: undefined }));
  // Damaged besides, it may not even tell its size.
  if (width === undefined) return `too large: more than ${most} million pixels`;
  return `too large: ${width} × ${height} pixels, more than ${most} million`;
}
