import { percent } from '../../words.js';
import type { PixelClasses, TaskClasses } from './task.js';
import { neverOccurring } from './task-classes.js';

/** Counts the pixels of masks by class, to see what can be learned of them. */
export class PixelCounts {
  readonly #counts: Float64Array;
  #ignored = 0;

  /** @param known classes, and the ignored one */
  constructor(private readonly known: TaskClasses) {
    this.#counts = new Float64Array(known.classes.length);
  }

  add({ data }: PixelClasses): void {
    for (const label of data)
      if (label < 0) this.#ignored++;
      else this.#counts[label] = (this.#counts[label] as number) + 1;
  }

  /** How many classes occur. */
  get occurring(): number {
    return this.#counts.filter((pixels) => pixels > 0).length;
  }

  /** Why nothing can be learned of the masks, where fewer than two classes occur in all of them. */
  describeTooFew(): string {
    const { classes, ignored } = this.known;
    const only = classes[this.#counts.findIndex((pixels) => pixels > 0)];
    const found = only === undefined ? 'the masks hold no class' : `the masks hold only one class, "${only}"`;
    const instead =
      this.#ignored === 0
        ? 'segmentation needs two or more'
        : `${this.#share()} of their pixels are ${ignored}, which is ignored; if these are of a class, write its number in their place, such as 1`;
    return [found, ...this.#never(), instead].join('; ');
  }

  /** Which of the classes never occur, in a sentence; undefined where all do. */
  describeMissing(): string | undefined {
    const [never] = this.#never();
    if (never === undefined) return undefined;
    const ignored = this.#ignored === 0 ? '' : `, while ${this.#share()} of their pixels are ignored`;
    return `${never} in the masks to learn from${ignored}`;
  }

  #never(): string[] {
    const { classes, ignored } = this.known;
    return neverOccurring(classes, (number) => this.#counts[number] !== 0 || number === ignored);
  }

  #share(): string {
    const counted = this.#counts.reduce((sum, pixels) => sum + pixels, 0);
    return percent(this.#ignored / (counted + this.#ignored));
  }
}
