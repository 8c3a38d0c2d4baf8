import type { ImageSet } from '../../data/image-set.js';
import { openImages } from '../../data/images.js';
import { UserError } from '../../errors.js';
import type { Config } from '../config.js';

/** Opens the images that a run trains on. @throws UserError where none were given, or what cannot be opened */
export async function openTrainingImages({ data, image, limit }: Config): Promise<ImageSet> {
  if (data.length === 0)
    throw new UserError('no images given; --data takes them, --data synthetic draws built-in scenes', 2);
  return openImages(data, { size: image.stored, ...(limit === undefined ? {} : { limit }) });
}
