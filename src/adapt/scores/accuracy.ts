import { type Interval, wilson } from '../../evaluate/proportion.js';
import { rankOf } from '../../evaluate/ranks.js';
import { type Confusion, ConfusionCount } from './confusion.js';

/** How well images' classes are told. */
export interface Accuracy {
  /** Share of images whose class has the largest logit; ties count against it. */
  readonly accuracy: number;
  /** Wilson's 95 % interval of `accuracy`. */
  readonly interval: Interval;
  /** Share of images whose class is among the five largest; absent where there are no more than five classes. */
  readonly top5?: number;
  readonly asked: number;
  /** Classes that occur among them. */
  readonly occurring: number;
  /** Images by their class and what they were taken for. */
  readonly confusion: Confusion;
}

/** What an image was taken for, with which probability. */
export interface Told {
  readonly told: number;
  readonly probability: number;
}

/** Counts right answers of image after image; holds no logits. */
export class AccuracyCount {
  readonly #confusion: ConfusionCount;
  readonly #occurring = new Set<number>();
  #asked = 0;
  #first = 0;
  #five = 0;

  /** @param classes how many there are */
  constructor(private readonly classes: number) {
    this.#confusion = new ConfusionCount(classes);
  }

  /**
   * Counts one image.
   * @param logits of all classes
   * @throws Error where a logit is not finite
   */
  add(logits: Float32Array, label: number): Told {
    const rank = rankOf(logits, label);
    const told = largest(logits);
    this.#asked++;
    if (rank === 1) this.#first++;
    if (rank <= 5) this.#five++;
    this.#occurring.add(label);
    this.#confusion.add(label, told);
    return { told, probability: probabilities(logits, this.classes)[told] as number };
  }

  /** What has come of all images so far, at least one. */
  get accuracy(): Accuracy {
    return {
      accuracy: this.#first / this.#asked,
      interval: wilson(this.#first, this.#asked),
      ...(this.classes > 5 ? { top5: this.#five / this.#asked } : {}),
      asked: this.#asked,
      occurring: this.#occurring.size,
      confusion: this.#confusion.confusion,
    };
  }
}

/** The place of the largest number, the first at ties. */
function largest(numbers: Float32Array): number {
  let place = 0;
  for (let i = 1; i < numbers.length; i++) if ((numbers[i] as number) > (numbers[place] as number)) place = i;
  return place;
}

/** Probabilities [n, classes] that logits stand for. */
export function probabilities(logits: Float32Array, classes: number): Float32Array {
  const out = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const most = row[largest(row)] as number;
    const weights = row.map((value) => Math.exp(value - most));
    const total = weights.reduce((a, b) => a + b, 0);
    out.set(
      weights.map((weight) => weight / total),
      start,
    );
  }
  return out;
}
