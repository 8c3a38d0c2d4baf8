import type { SegmentationSet } from '../../data/segmentation.js';
import { maskClasses } from './mask-classes.js';
import type { PixelClasses, TaskClasses } from './task.js';

/**
 * The pixels' classes of several sources' images, one source after the other, numbered as those of one head.
 * @returns reads those of one image, which throws UserError naming a mask that cannot be read, or a class in it that
 *   the head does not know
 */
export function pixelClasses(
  sets: readonly SegmentationSet[],
  known: TaskClasses,
): (index: number) => Promise<PixelClasses> {
  const readers = sets.map((set) => ({ set, read: maskClasses(set, known) }));
  return async (index) => {
    let at = index;
    for (const { set, read } of readers) {
      if (at < set.length) return read(await set.mask(at));
      at -= set.length;
    }
    throw new RangeError(`no image ${index}`);
  };
}
