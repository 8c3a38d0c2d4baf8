import { numbersAmong, UNKNOWN } from '../../data/class-numbers.js';
import { type Accuracy, AccuracyCount } from '../scores/accuracy.js';
import type { Answers, Judgement, Targets, TaskKind, TaskName, TaskSet } from './task.js';
import { neverOccurring, unknownClass } from './task-classes.js';

/** The kinds of tasks that want one class of each image. */
export type LabelledTask = Exclude<TaskName, 'segmentation'>;

/** Images with the class of each. */
export interface LabelledImages extends TaskSet {
  readonly task: LabelledTask;
  readonly labels: Int32Array;
  /** How they are seen, in words. */
  readonly seen: string;
  targets(head?: unknown, progress?: unknown, note?: (text: string) => void): Promise<Targets>;
  measure(
    answers: AsyncIterable<Answers>,
    head?: unknown,
    compiled?: unknown,
    judged?: (image: number, judgement: Judgement) => void,
  ): Promise<{ readonly task: LabelledTask } & Accuracy>;
}

type Facts = Pick<
  LabelledImages,
  'task' | 'images' | 'labels' | 'classes' | 'description' | 'notes' | 'seen'
>;

export function labelled(facts: Facts): LabelledImages {
  const { task, images, labels, classes, seen } = facts;
  return {
    ...facts,
    protocol: () => ({
      images: seen,
      accuracy:
        'top-1 at the end, not the best along the way; ties count against; in brackets the 95 % Wilson interval',
    }),
    groups: labels,
    async targets(_head, _progress, note) {
      const learned = new Set(labels);
      for (const never of neverOccurring(classes, (number) => learned.has(number)))
        note?.(`${never} among the images to learn from`);
      return (chosen) => chosen.map((image) => labels[image] as number);
    },
    async measure(answers, _head, _compiled, judged) {
      const count = new AccuracyCount(classes.length);
      for await (const { first, logits } of answers)
        for (let image = first, at = 0; at < logits.length; image++, at += classes.length) {
          const truth = labels[image] as number;
          const told = count.add(logits.subarray(at, at + classes.length), truth);
          judged?.(image, { kind: 'class', truth, ...told });
        }
      return { task, ...count.accuracy };
    },
    close: () => images.close(),
  };
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
    const numbers = numbersAmong(classes, set.classes);
    const labels = set.labels.map((label) => numbers[label] as number);
    const strange = labels.indexOf(UNKNOWN);
    if (strange >= 0)
      throw unknownClass(set.images.source, set.classes[set.labels[strange] as number] ?? '', classes);
    return labelled({ ...set, labels, classes });
  },
};
