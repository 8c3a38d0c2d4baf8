import { numbersAmong, UNKNOWN } from '../../data/class-numbers.js';
import type { SegmentationSet } from '../../data/segmentation.js';
import type { PixelClasses, TaskClasses } from './task.js';
import { unknownClass } from './task-classes.js';

const NONE = -1;

/**
 * The pixels' classes of several sources' images, one source after the other, numbered as those of one head.
 * @returns reads those of one image, which throws UserError naming a mask that cannot be read, or a class in it that
 *   the head does not know
 */
export function pixelClasses(
  sets: readonly SegmentationSet[],
  known: TaskClasses,
): (index: number) => Promise<PixelClasses> {
  const tables = sets.map((set) => numbering(set, known));
  return async (index) => {
    let at = index;
    for (const [i, set] of sets.entries()) {
      if (at < set.length) {
        const { width, height, data } = await set.mask(at);
        const table = tables[i] as Int16Array;
        const classes = new Int16Array(data.length);
        for (let pixel = 0; pixel < data.length; pixel++)
          classes[pixel] = table[data[pixel] as number] as number;
        const strange = classes.indexOf(UNKNOWN);
        if (strange >= 0)
          throw unknownClass(set.source, set.classes[data[strange] as number] ?? '', known.classes);
        return { width, height, data: classes };
      }
      at -= set.length;
    }
    throw new RangeError(`no image ${index}`);
  };
}

/** What each byte of a source's masks stands for. */
function numbering(set: SegmentationSet, { classes, ignored }: TaskClasses): Int16Array {
  const table = new Int16Array(256).fill(NONE);
  for (const [byte, number] of numbersAmong(classes, set.classes).entries())
    table[byte] = byte === set.ignored || number === ignored ? NONE : number;
  return table;
}

/** The classes at a grid of `points` × `points`: each that of the pixel in which its middle lies. */
export function atPoints({ width, height, data }: PixelClasses, points: number): Int16Array {
  const place = (point: number, length: number): number => Math.floor(((point + 0.5) * length) / points);
  const out = new Int16Array(points ** 2);
  for (let row = 0; row < points; row++)
    for (let column = 0; column < points; column++)
      out[row * points + column] = data[place(row, height) * width + place(column, width)] as number;
  return out;
}
