import { drawScene, type RgbImage, syntheticSource } from 'image-world-models/web';

/** RGB bytes [size, size, 3] or RGBA as pixels [3, size, size] in 0..1. */
export function planes(bytes: ArrayLike<number>, size: number): Float32Array {
  const plane = size * size;
  const channels = bytes.length / plane;
  const pixels = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++)
    for (let channel = 0; channel < 3; channel++)
      pixels[channel * plane + i] = (bytes[i * channels + channel] as number) / 255;
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
 * The pixels of an image file as a model takes them.
 * @param fit its middle, or all of it stretched to a square
 * @throws Error where the browser cannot read it
 */
export async function decodeImage(
  file: Blob & { readonly name?: string },
  size: number,
  fit: 'square' | 'stretched' = 'square',
): Promise<Float32Array> {
  const image = await createImageBitmap(file).catch(() => {
    throw new Error(
      `${file.name ?? 'this file'} is no image that this browser can read, or too large for it`,
    );
  });
  try {
    const { width, height } = image;
    const [w, h] = fit === 'stretched' ? [width, height] : [Math.min(width, height), Math.min(width, height)];
    const canvas = new OffscreenCanvas(size, size);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (context === null) throw new Error('this browser gives no surface to draw on');
    context.imageSmoothingQuality = 'high';
    // What is transparent is on white, as elsewhere.
    context.fillStyle = '#fff';
    context.fillRect(0, 0, size, size);
    context.drawImage(image, (width - w) / 2, (height - h) / 2, w, h, 0, 0, size, size);
    return planes(context.getImageData(0, 0, size, size).data, size);
  } finally {
    image.close();
  }
}
