import { percent } from '../../words.js';
import { type Confusion, totals } from './confusion.js';

/** How well every pixel's class is told. */
export interface Overlap {
  /** Mean of `iou` over the classes that have one. */
  readonly meanIou: number;
  /** Share of pixels whose class is told right. */
  readonly pixelAccuracy: number;
  /**
   * By class: pixels that are of it and were taken for it, over those that are of it or were taken for it; null where
   * there are none of either.
   */
  readonly iou: Readonly<Record<string, number | null>>;
  /** Images, and their pixels that count. */
  readonly asked: number;
  readonly pixels: number;
  /** Classes that occur in truth. */
  readonly occurring: number;
  /** Pixels by their class and what they were taken for. */
  readonly confusion: Confusion;
}

/** Counts pixels of image after image by true and told class; holds nothing else of them. */
export class PixelConfusion {
  readonly #counts: Float64Array;
  #images = 0;

  /** @param classes names of class 0, 1, …; no more than a mask's byte can tell apart */
  constructor(private readonly classes: readonly string[]) {
    this.#counts = new Float64Array(classes.length ** 2);
  }

  /**
   * Counts one image's pixels.
   * @param truth class of each pixel; −1: counts for nothing
   * @param told class of each pixel
   */
  add(truth: Int16Array, told: Uint8Array): void {
    const width = this.classes.length;
    truth.forEach((label, pixel) => {
      if (label < 0) return;
      const at = label * width + (told[pixel] as number);
      this.#counts[at] = (this.#counts[at] as number) + 1;
    });
    this.#images++;
  }

  /**
   * What has come of all images so far.
   * @param ignored a class that is never meant, and therefore not among those told of
   */
  overlap(ignored?: number): Overlap {
    const width = this.classes.length;
    const confusion = Array.from(this.#counts, (count, at) => ({
      truth: Math.floor(at / width),
      told: at % width,
      count,
    })).filter(({ count }) => count > 0);
    const all = totals(confusion);
    const iou = this.classes.map((_, i) => {
      const own = all.get(i);
      return own === undefined ? null : own.right / (own.truth + own.told - own.right);
    });
    const known = iou.filter((value) => value !== null);
    const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);
    const pixels = sum(confusion.map(({ count }) => count));
    return {
      meanIou: sum(known) / known.length,
      pixelAccuracy: sum([...all.values()].map(({ right }) => right)) / pixels,
      iou: Object.fromEntries(
        this.classes.flatMap((name, i) => (i === ignored ? [] : [[name, iou[i] as number | null]])),
      ),
      asked: this.#images,
      pixels,
      occurring: [...all.values()].filter(({ truth }) => truth > 0).length,
      confusion,
    };
  }
}

/** IoU by class in a line. */
export function describeIou(iou: Overlap['iou']): string {
  const shares = Object.entries(iou).map(
    ([name, value]) => `${name} ${value === null ? '–' : percent(value)}`,
  );
  return `IoU       ${shares.join(', ')}`;
}
