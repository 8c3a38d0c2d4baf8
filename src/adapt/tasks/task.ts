import type { ImageSet } from '../../data/image-set.js';
import type { Split } from '../../data/images.js';
import type { Compiled } from '../../engine/index.js';
import type { HeadConfig } from '../network/heads.js';
import type { Score } from '../scores/score.js';

/** What heads are asked for. */
export const taskNames = ['classification', 'segmentation', 'rotation'] as const;
export type TaskName = (typeof taskNames)[number];

/** Logits of some images: those from number `first` on, one after the other, as `headLogits` gives them. */
export interface Answers {
  readonly first: number;
  readonly logits: Float32Array;
}

/** What a head learns from, of the images at these places: one after the other, as `targetSpec` has it. */
export type Targets = (images: Int32Array) => Int32Array;

/** Images with what is to be said of each: what all that learns or measures knows of a task. */
export interface TaskSet {
  readonly images: ImageSet;
  /** Names of class 0, 1, … */
  readonly classes: readonly string[];
  /** The class of pixels that count for nothing, of masks. */
  readonly ignored?: number | undefined;
  /** What was read, in words. */
  readonly description: string;
  /** The kind of each image, of which a choice takes the same share; 0 everywhere where there are none. */
  readonly groups: Int32Array;
  /** How the images are seen and measured, in words, by what it is about. */
  protocol(head: HeadConfig): Readonly<Record<string, string>>;
  /**
   * Reads what is to be learned, once.
   * @param progress told how many images are done
   * @throws UserError naming what cannot be read
   */
  targets(head: HeadConfig, progress: (done: number) => void): Promise<Targets>;
  /**
   * How well the answers for all images, in order, tell what is to be said.
   * @throws UserError naming what cannot be read
   */
  measure(answers: AsyncIterable<Answers>, head: HeadConfig, compiled: Compiled): Promise<Score>;
  /** Ends reading; of this set and of all its subsets. */
  close(): Promise<void>;
}

/** The classes that a head knows, by number. */
export type TaskClasses = Pick<TaskSet, 'classes' | 'ignored'>;

/** How a kind of task opens its images. */
export interface TaskKind<S extends TaskSet = TaskSet> {
  /**
   * @param data sources of one task
   * @param options.size side of the stored images, pixels
   * @param options.split as for `openImages`
   * @param options.ignored the ignored class, where the data do not tell it
   * @throws UserError for what cannot be opened, or does not say what is to be learned
   */
  open(
    data: readonly string[],
    options: {
      readonly size: number;
      readonly split?: Split | undefined;
      readonly ignored?: number | undefined;
    },
  ): Promise<S>;
  /** The images at these places. */
  subset(set: S, places: Int32Array, description: string): S;
  /** The same images with classes numbered so. @throws UserError for a class that is none of these */
  renumber(set: S, known: TaskClasses): S;
}
