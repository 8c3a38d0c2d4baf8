import type { ImageSet } from '../../data/image-set.js';
import type { Compiled } from '../../engine/index.js';
import { purpose, random } from '../../random.js';
import { spec, trace } from '../../tensor/index.js';
import { resizeMatrix, sampleCrop, separable } from '../../world-model/index.js';
import type { AdaptationSettings } from '../settings.js';
import type { Images } from './inputs.js';

/**
 * Images in several versions each, cropped and flipped at random and brought back to their size: version v of image i
 * is number v · length + i. The versions are the same for all adaptations, so that these can share the latents.
 * @param augmentation.variants versions of each image, ≥ 1
 */
export function variedImages(
  images: ImageSet,
  { variants, crop }: AdaptationSettings['augmentation'],
  compiled: Compiled,
): Images {
  const { length, size } = images;
  const originals = (indices: ArrayLike<number>): Int32Array => Int32Array.from(indices, (at) => at % length);
  return {
    length: variants * length,
    prefetch: (order) => images.prefetch(order && originals(order)),
    async batch(indices) {
      const rows = new Float32Array(indices.length * size * size);
      const columns = new Float32Array(rows.length);
      Array.from(indices).forEach((at, i) => {
        const draw = random(0, Math.floor(at / length), at % length, purpose.variant);
        const { top, left, height, width } = sampleCrop(draw, { height: size, width: size }, crop);
        resizeMatrix(size, size, top, height, false, rows, i * size * size);
        resizeMatrix(size, size, left, width, draw.chance(crop.flip), columns, i * size * size);
      });
      const feeds = { images: await images.batch(originals(indices)), rows, columns };
      const { varied } = await compiled.run(`varied ${size}`, () => traceVaried(size), feeds);
      return varied;
    },
  };
}

/** Crops and resizes: [B, 3, S, S] → [B, 3, S, S]. */
function traceVaried(size: number) {
  const matrix = spec(['batch', 1, size, size]);
  return trace(
    'varied',
    { images: spec(['batch', 3, size, size]), rows: matrix, columns: matrix },
    ({ images, rows, columns }) => ({ varied: separable(images, rows, columns) }),
  );
}
