import type { ImageSet } from '../../data/image-set.js';
import { openImages } from '../../data/images.js';
import { UserError } from '../../errors.js';
import { count } from '../../words.js';
import { type LabelledImages, labelled, ofLabelled } from './labelled-images.js';
import { type TaskKind, UnlabelledSplit } from './task.js';

/** The images that have a label. @throws UnlabelledSplit where none has */
export function withLabels(all: ImageSet): LabelledImages {
  const { classes, description } = all;
  const places = (all.labels ?? new Int32Array()).map((label, image) => (label < 0 ? -1 : image));
  const some = places.filter((image) => image >= 0);
  if (some.length === 0 || classes === undefined)
    throw new UnlabelledSplit(
      `${description}; classification needs images with labels (one sub-folder per class, or a Parquet column of labels)`,
    );
  const without = all.length - some.length;
  const images = without === 0 ? all : all.subset(some);
  const left = without === 0 ? '' : `; ${count(without, 'image')} of them without a label, left out`;
  return labelled({
    task: 'classification',
    images,
    labels: images.labels as Int32Array,
    classes,
    description: `${images.description}${left}`,
    notes: images.notes,
    seen: 'whole and untransformed (the middle square), in training and when asked',
  });
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
  async checkLearnable({ images, labels, classes }) {
    const [first, ...others] = new Set(labels);
    if (others.length === 0)
      throw new UserError(
        `${images.source}: there is only one class to learn, "${classes[first ?? 0] ?? ''}"; classification needs two or more`,
      );
  },
  ...ofLabelled,
};
