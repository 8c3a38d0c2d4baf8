import { openImages } from '../../data/images.js';
import { purpose, random } from '../../random.js';
import { type LabelledImages, labelled, ofLabelled } from './labelled-images.js';
import type { TaskKind } from './task.js';
import { TurnedImages } from './turned-images.js';

/** Degrees, counter-clockwise. */
const classes: readonly string[] = ['0', '90', '180', '270'];

/**
 * Telling by how much an image was turned; needs no labels. Every image is there once, its angle drawn: the same for all
 * adaptations, so that these can share the latents.
 */
export const rotation: TaskKind<LabelledImages> = {
  async open(data, { size, split }) {
    const images = await openImages(data, { size, split });
    const draw = random(0, purpose.rotation);
    const labels = Int32Array.from({ length: images.length }, () => draw.integer(classes.length));
    return labelled({
      task: 'rotation',
      images: new TurnedImages(images, labels),
      labels,
      classes,
      description: `${images.description}, turned`,
      notes: images.notes,
      seen: 'whole (the middle square), each once, turned counter-clockwise by one of 0, 90, 180, 270 degrees, drawn whatever the seed; in training and when asked',
    });
  },
  // Four angles are always there.
  checkLearnable: async () => {},
  ...ofLabelled,
};
