import { type ImageSet, openImages } from '../data/images.js';
import { purpose, random } from '../random.js';
import type { Config } from './config.js';

/** Opens the images that a run trains on. @throws UserError for what cannot be opened */
export function openTrainingImages({ data, image, limit }: Config): Promise<ImageSet> {
  return openImages(data, { size: image.stored, ...(limit === undefined ? {} : { limit }) });
}

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
