import type { ImageSet } from '../data/image-set.js';
import { openImages } from '../data/images.js';
import type { Config } from '../run/config.js';

/** Opens the images that a run trains on. @throws UserError for what cannot be opened */
export function openTrainingImages({ data, image, limit }: Config): Promise<ImageSet> {
  return openImages(data, { size: image.stored, ...(limit === undefined ? {} : { limit }) });
}
