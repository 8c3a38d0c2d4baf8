import { type ImageSet, openImages } from '../data/images.js';
import { UserError } from '../errors.js';
import { type Accuracy, measureAccuracy } from './accuracy.js';
import type { Answers, Targets, TaskKind, TaskSet } from './task.js';
import { numbersAmong } from './task-classes.js';

/** Images with the class of each. */
export interface LabelledImages extends TaskSet {
  readonly labels: Int32Array;
  targets(): Promise<Targets>;
  measure(answers: AsyncIterable<Answers>): Promise<{ readonly task: 'classification' } & Accuracy>;
}

const protocol = {
  images: 'whole and untransformed (the middle square), in training and when asked',
  accuracy: 'top-1 at the end, not the best along the way; ties count against; binomial standard error',
};

type Facts = Pick<LabelledImages, 'images' | 'labels' | 'classes' | 'description'>;

function labelled(facts: Facts): LabelledImages {
  const { images, labels, classes } = facts;
  return {
    ...facts,
    protocol: () => protocol,
    groups: labels,
    targets: async () => (chosen) => chosen.map((image) => labels[image] as number),
    async measure(answers) {
      const logits = await gathered(answers, labels.length * classes.length);
      return { task: 'classification', ...measureAccuracy(logits, labels, classes.length) };
    },
    close: () => images.close(),
  };
}

/** All answers in one piece. */
async function gathered(answers: AsyncIterable<Answers>, length: number): Promise<Float32Array> {
  const all = new Float32Array(length);
  let at = 0;
  for await (const { logits } of answers) {
    all.set(logits, at);
    at += logits.length;
  }
  return all;
}

/** @throws UserError where images have no labels */
function withLabels(images: ImageSet): LabelledImages {
  const { labels, classes, source, description } = images;
  if (labels === undefined || classes === undefined)
    throw new UserError(
      `${source}: no labels there; classification needs a class for every image (one sub-folder per class, or a Parquet column of labels)`,
    );
  if (classes.length < 2) throw new UserError(`${source}: there is only one class, "${classes[0] ?? ''}"`);
  return labelled({ images, labels, classes, description });
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
  subset: ({ images, labels, classes }, places, description) =>
    labelled({
      images: images.subset(places),
      labels: Int32Array.from(places, (place) => labels[place] as number),
      classes,
      description,
    }),
  renumber({ images, labels, classes: own, description }, { classes }) {
    const number = numbersAmong(classes, own, images.source);
    return labelled({ images, labels: labels.map((label) => number[label] as number), classes, description });
  },
};
