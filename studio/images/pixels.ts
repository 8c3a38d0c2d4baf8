import { decodeSquare, drawScene, type RgbImage, syntheticSource } from 'image-world-models/web';
import { messageOf } from '../message.js';

/** RGB bytes [size, size, 3] as pixels [3, size, size] in 0..1. */
export function planes(bytes: ArrayLike<number>, size: number): Float32Array {
  const plane = size * size;
  const pixels = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++)
    for (let channel = 0; channel < 3; channel++)
      pixels[channel * plane + i] = (bytes[3 * i + channel] as number) / 255;
  return pixels;
}

/** The number-th scene that no run was trained on. */
export function sampleScene(number: number, size: number): RgbImage {
  const { pixels } = syntheticSource('validation');
  const first = pixels.kind === 'synthetic' ? pixels.first : 0;
  const bytes = new Uint8Array(3 * size * size);
  drawScene(first + number, size, bytes);
  return { size, pixels: bytes };
}

/**
 * The pixels of an image file as a model takes them, [3, size, size] in 0..1.
 * @param fit its middle, or all of it stretched to a square
 * @throws Error naming a file that the browser cannot read, or has no room for
 */
export async function decodeImage(
  file: File,
  size: number,
  fit: 'square' | 'stretched' = 'square',
): Promise<Float32Array> {
  try {
    const bytes = await decodeSquare(fit === 'square' ? file : await stretched(file, size), size);
    return planes(bytes, size);
  } catch (error) {
    throw new Error(`${file.name}: ${messageOf(error)}`);
  }
}

async function stretched(file: Blob, size: number): Promise<Blob> {
  const sides = { resizeWidth: size, resizeHeight: size, resizeQuality: 'high' } as const;
  const image = await createImageBitmap(file, sides).catch(() => {
    throw new Error('not an image that this browser can decode');
  });
  const canvas = new OffscreenCanvas(size, size);
  canvas.getContext('2d')?.drawImage(image, 0, 0);
  image.close();
  return canvas.convertToBlob();
}
