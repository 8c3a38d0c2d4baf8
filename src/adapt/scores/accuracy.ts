import { rankOf } from '../../evaluate/ranks.js';

/** How well images' classes are told. */
export interface Accuracy {
  /** Share of images whose class has the largest logit; ties count against it. */
  readonly accuracy: number;
  /** Share of images whose class is among the five largest. */
  readonly top5: number;
  /** Binomial, of `accuracy`. */
  readonly standardError: number;
  readonly asked: number;
  /** Images of class i (row) that were taken for class j (column). */
  readonly confusion: readonly (readonly number[])[];
}

/**
 * @param logits [n, classes], n ≥ 1
 * @param labels class of each
 * @throws Error where a logit is not finite
 */
export function measureAccuracy(logits: Float32Array, labels: Int32Array, classes: number): Accuracy {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  let first = 0;
  let five = 0;
  labels.forEach((label, image) => {
    const row = logits.subarray(image * classes, (image + 1) * classes);
    const rank = rankOf(row, label);
    if (rank === 1) first++;
    if (rank <= 5) five++;
    const counts = confusion[label] as number[];
    const taken = row.indexOf(Math.max(...row));
    counts[taken] = (counts[taken] as number) + 1;
  });
  const accuracy = first / labels.length;
  return {
    accuracy,
    top5: five / labels.length,
    standardError: Math.sqrt((accuracy * (1 - accuracy)) / labels.length),
    asked: labels.length,
    confusion,
  };
}

/** Probabilities [n, classes] that logits stand for. */
export function probabilities(logits: Float32Array, classes: number): Float32Array {
  const out = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const largest = Math.max(...row);
    const weights = row.map((value) => Math.exp(value - largest));
    const total = weights.reduce((a, b) => a + b, 0);
    out.set(
      weights.map((weight) => weight / total),
      start,
    );
  }
  return out;
}
