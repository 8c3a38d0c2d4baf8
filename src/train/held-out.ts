import type { BadSample, ImageSet } from '../data/image-set.js';
import { UserError } from '../errors.js';
import { purpose, random } from '../random.js';

/** The training data, and a twentieth of it (at most 512 images) held out for the health panel; by the seed alone. */
export function holdOut(
  images: ImageSet,
  seed: number,
): { training: ImageSet; heldOut: ImageSet; bank: ImageSet } {
  const order = random(seed, purpose.evaluate).permutation(images.length);
  const held = Math.min(512, Math.ceil(images.length / 20));
  return {
    heldOut: images.subset(order.slice(0, held)),
    training: images.subset(order.slice(held)),
    bank: images.subset(order.slice(held, held + 4096)),
  };
}

/**
 * The images of a set that can be read; waits until all are decoded.
 * @param onBad is told of the others, and throws to stop
 * @throws UserError where none is left
 */
export async function readable(set: ImageSet, onBad: (bad: BadSample) => void = () => {}): Promise<ImageSet> {
  const all = Int32Array.from({ length: set.length }, (_, i) => i);
  const bad = await set.bad(all);
  for (const found of bad.values()) onBad(found);
  if (bad.size === 0) return set;
  if (bad.size === set.length)
    throw new UserError(`${set.source}: none of the images to measure on can be read`);
  return set.subset(all.filter((index) => !bad.has(index)));
}
