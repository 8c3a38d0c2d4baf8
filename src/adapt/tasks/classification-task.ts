import type { ImageSet } from '../../data/image-set.js';
import { openImages } from '../../data/images.js';
import { UserError } from '../../errors.js';
import { type LabelledImages, labelled, ofLabelled } from './labelled-images.js';
import type { TaskKind } from './task.js';

/** @throws UserError where images have no labels */
function withLabels(images: ImageSet): LabelledImages {
  const { labels, classes, source, description } = images;
  if (labels === undefined || classes === undefined)
    throw new UserError(
      `${source}: no labels there; classification needs a class for every image (one sub-folder per class, or a Parquet column of labels)`,
    );
  if (classes.length < 2) throw new UserError(`${source}: there is only one class, "${classes[0] ?? ''}"`);
  const seen = 'whole and untransformed (the middle square), in training and when asked';
  return labelled({ task: 'classification', images, labels, classes, description, seen });
}

/** Naming the class of an image. */
export const classification: TaskKind<LabelledImages> = {
  async open(data, { size, split }) {
    const images = await openImages(data, { size, split });
    try {
      return withLabels(images);
    } catch (error) {
      await images.close();
      throw error;
    }
  },
  ...ofLabelled,
};
