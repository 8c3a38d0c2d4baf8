import type { ImageSet } from '../data/image-set.js';
import { openImages } from '../data/images.js';
import { UserError } from '../errors.js';
import type { Config } from '../run/config.js';
import { holdOut } from '../train/held-out.js';

/** Opens the images that a run trains on. @throws UserError where none were given, or what cannot be opened */
export async function openTrainingImages({ data, image, limit }: Config): Promise<ImageSet> {
  if (data.length === 0)
    throw new UserError('no images given; --data takes them, --data synthetic draws built-in scenes', 2);
  return openImages(data, { size: image.stored, ...(limit === undefined ? {} : { limit }) });
}

/** The steps in which a run sees each of its training images `epochs` times. @throws as {@link openTrainingImages} */
export async function stepsOf(config: Config, epochs: number): Promise<{ steps: number; images: number }> {
  const images = await openTrainingImages(config);
  const { length } = holdOut(images, config.seed).training;
  await images.close();
  return { steps: Math.max(1, Math.round((epochs * length) / config.batch)), images: length };
}
