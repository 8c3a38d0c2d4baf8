import { numbersAmong, UNKNOWN } from '../../data/class-numbers.js';
import type { Mask } from '../../data/mask.js';
import type { PixelClasses, TaskClasses } from './task.js';
import { unknownClass } from './task-classes.js';

const NONE = -1;

/** Whose masks they are, and what their bytes mean. */
export interface MaskSource {
  readonly source: string;
  /** Names of class 0, 1, … */
  readonly classes: readonly string[];
  readonly ignored: number;
}

/**
 * Reads off the masks of a source the pixels' classes, numbered as those of a head.
 * @returns does so of one mask, which throws UserError naming a class that the head does not know
 */
export function maskClasses(masks: MaskSource, known: TaskClasses): (mask: Mask) => PixelClasses {
  const table = numbering(masks, known);
  return ({ width, height, data }) => {
    const classes = new Int16Array(data.length);
    for (let pixel = 0; pixel < data.length; pixel++) classes[pixel] = table[data[pixel] as number] as number;
    const strange = classes.indexOf(UNKNOWN);
    if (strange >= 0)
      throw unknownClass(masks.source, masks.classes[data[strange] as number] ?? '', known.classes);
    return { width, height, data: classes };
  };
}

/** What each byte of a source's masks stands for. */
function numbering(masks: MaskSource, { classes, ignored }: TaskClasses): Int16Array {
  const table = new Int16Array(256).fill(NONE);
  for (const [byte, number] of numbersAmong(classes, masks.classes).entries())
    table[byte] = byte === masks.ignored || number === ignored ? NONE : number;
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
