import type { ImageSet } from './image-set.js';
import { MemoryPixels, type UndecodedImage } from './memory-pixels.js';
import { PixelImages } from './pixel-images.js';
import { drawScene } from './scene.js';
import type { Split } from './splits.js';
import { findSynthetic, sceneName } from './synthetic.js';

/**
 * Synthetic images where there are no threads, the same as everywhere: drawn as they are asked for.
 * @param source `synthetic` or `synthetic:COUNT`; undefined is given for any other
 * @param options.size side of the images, pixels
 * @throws UserError for a count out of range
 */
export function drawnImages(
  source: string,
  { size, split = 'train' }: { readonly size: number; readonly split?: Split },
): ImageSet | undefined {
  const found = findSynthetic(source, split);
  if (found === undefined) return undefined;
  const { pixels, description, classes, labels } = found;
  const places = Int32Array.from({ length: pixels.count }, (_, i) => i);
  const scenes = Array.from(places, (place): UndecodedImage => {
    const scene = pixels.first + place;
    return {
      name: sceneName(scene),
      decode: () => {
        const drawn = new Uint8Array(size * size * 3);
        drawScene(scene, size, drawn);
        return drawn;
      },
    };
  });
  const facts = { source, split, description, notes: [], classes };
  return new PixelImages(new MemoryPixels(size, scenes), facts, places, labels);
}
