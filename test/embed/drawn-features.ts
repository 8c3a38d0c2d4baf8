import type { ImageSet } from '../../src/data/image-set.js';
import type { Features } from '../../src/embed/parts.js';

/** What tables, CSV and UTF-8 may stumble over. */
export const names = ['rose 1.jpg', 'broken.jpg', 'tulip, "red".jpg', 'Güßchen.jpg'];
/** The smallest and the largest, zeros, and some that no short text is. */
export const numbers = Float32Array.of(
  0,
  -0,
  1,
  -1.5,
  2 ** -149,
  3.4028234663852886e38,
  1 / 3,
  16777217,
  4,
  5,
  6,
  7,
);

/**
 * Features drawn by hand, as embed has them when it writes: of three of four images in two parts, the last without a label.
 * @param vectors of each image, 1, or 2 as of two patches
 */
export function drawnFeatures(vectors: 1 | 2): Features {
  const images: Partial<ImageSet> = {
    name: (index) => names[index] ?? '',
    labels: Int32Array.of(1, 0, 0, -1),
    classes: ['tulip', 'rose'],
  };
  return {
    images: images as ImageSet,
    parts: [
      { images: Int32Array.of(0), key: 'first' },
      { images: Int32Array.of(2, 3), key: 'second' },
    ],
    dims: [vectors, 4 / vectors],
    read: ({ key }) => (key === 'first' ? numbers.subarray(0, 4) : numbers.subarray(4)),
  };
}
