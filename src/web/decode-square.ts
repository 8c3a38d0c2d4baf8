import { resizeSquare } from '../data/resize-square.js';

/** What a page decodes images with, as far as it is used here. */
interface Decoding {
  createImageBitmap(file: Blob): Promise<Bitmap>;
  OffscreenCanvas: new (
    width: number,
    height: number,
  ) => { getContext(kind: '2d', options: object): Context };
}
interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}
interface Context {
  fillStyle: string;
  fillRect(x: number, y: number, width: number, height: number): void;
  drawImage(image: Bitmap, x: number, y: number): void;
  getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
}

/** Pixels that an image may have: a page has less room than Node. */
const MOST_PIXELS = 50_000_000;

async function openBitmap(file: Blob): Promise<Bitmap> {
  const { createImageBitmap } = globalThis as unknown as Decoding;
  return createImageBitmap(file).catch(() => {
    throw new Error('not an image that this browser can decode');
  });
}

/** Sides of an image in pixels, turned as its EXIF data say. @throws Error as {@link decodeSquare} */
export async function sidesOf(file: Blob): Promise<{ readonly width: number; readonly height: number }> {
  const image = await openBitmap(file);
  const { width, height } = image;
  image.close();
  return { width, height };
}

/**
 * Decodes an image file in a page as Node does: turned as its EXIF data say, alpha over black, the middle of it resized to
 * a square. Not by the canvas, whose resampling leaves out pixels, but as sharp resamples.
 * @returns RGB bytes [size, size, 3]
 * @throws Error saying in a few words that it is no image this browser can read
 */
export async function decodeSquare(file: Blob, size: number): Promise<Uint8Array> {
  const { OffscreenCanvas } = globalThis as unknown as Decoding;
  const image = await openBitmap(file);
  const { width, height } = image;
  try {
    if (width * height > MOST_PIXELS)
      throw new Error(
        `too large: ${width} × ${height} pixels, more than the ${MOST_PIXELS / 1e6} million of a page`,
      );
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    context.fillStyle = '#000';
    context.fillRect(0, 0, width, height);
    context.drawImage(image, 0, 0);
    return resizeSquare({ width, height, data: context.getImageData(0, 0, width, height).data }, size);
  } finally {
    image.close();
  }
}
