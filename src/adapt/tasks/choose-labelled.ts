import { purpose, random } from '../../random.js';

/**
 * Which labelled images to learn from: of every class the same share (at least one), a random choice by the seed.
 * @param labels class of each image
 * @param wanted how many images (`limit`, met to within rounding in every class) or which share of them (`fraction`);
 *   all where both are absent
 * @returns places among the images, ascending
 */
export function chooseLabelled(
  labels: Int32Array,
  { limit, fraction }: { readonly limit?: number | undefined; readonly fraction?: number | undefined },
  seed: number,
): Int32Array {
  const share = fraction ?? Math.min(1, (limit ?? labels.length) / labels.length);
  const byClass = new Map<number, number[]>();
  labels.forEach((label, image) => {
    const images = byClass.get(label) ?? [];
    images.push(image);
    byClass.set(label, images);
  });
  const chosen = [...byClass].flatMap(([label, images]) => {
    const count = Math.max(1, Math.round(images.length * share));
    return random(seed, label, purpose.labels).shuffle(images).slice(0, count);
  });
  return Int32Array.from(chosen).sort();
}
