import { type Accuracy, measureAccuracy } from '../scores/accuracy.js';
import type { Answers, Targets, TaskKind, TaskName, TaskSet } from './task.js';
import { numbersAmong } from './task-classes.js';

/** The kinds of tasks that want one class of each image. */
export type LabelledTask = Exclude<TaskName, 'segmentation'>;

/** Images with the class of each. */
export interface LabelledImages extends TaskSet {
  readonly task: LabelledTask;
  readonly labels: Int32Array;
  /** How they are seen, in words. */
  readonly seen: string;
  targets(): Promise<Targets>;
  measure(answers: AsyncIterable<Answers>): Promise<{ readonly task: LabelledTask } & Accuracy>;
}

type Facts = Pick<LabelledImages, 'task' | 'images' | 'labels' | 'classes' | 'description' | 'seen'>;

export function labelled(facts: Facts): LabelledImages {
  const { task, images, labels, classes, seen } = facts;
  return {
    ...facts,
    protocol: () => ({
      images: seen,
      accuracy: 'top-1 at the end, not the best along the way; ties count against; binomial standard error',
    }),
    groups: labels,
    targets: async () => (chosen) => chosen.map((image) => labels[image] as number),
    async measure(answers) {
      const logits = await gathered(answers, labels.length * classes.length);
      return { task, ...measureAccuracy(logits, labels, classes.length) };
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

/** What the kinds of labelled tasks have in common. */
export const ofLabelled: Pick<TaskKind<LabelledImages>, 'subset' | 'renumber'> = {
  subset: (set, places, description) =>
    labelled({
      ...set,
      images: set.images.subset(places),
      labels: Int32Array.from(places, (place) => set.labels[place] as number),
      description,
    }),
  renumber(set, { classes }) {
    const number = numbersAmong(classes, set.classes, set.images.source);
    return labelled({ ...set, labels: set.labels.map((label) => number[label] as number), classes });
  },
};
