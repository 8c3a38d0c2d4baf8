import type { ImageSet } from '../../data/image-set.js';
import { MissingSplit, type Split } from '../../data/splits.js';
import type { Compiled } from '../../engine/index.js';
import type { HeadConfig, HeadKind } from '../network/heads.js';
import type { Score } from '../scores/score.js';

/** What heads are asked for. */
export const taskNames = ['classification', 'segmentation', 'rotation'] as const;
export type TaskName = (typeof taskNames)[number];

/** Whether a head can say what a task asks. */
export const suits = (head: HeadKind, task: TaskName): boolean =>
  (task === 'segmentation') === (head === 'dense');

/** Logits of some images: those from number `first` on, one after the other, as `headLogits` gives them. */
export interface Answers {
  readonly first: number;
  readonly logits: Float32Array;
}

/** What a head learns from, of the images at these places: one after the other, as `targetSpec` has it. */
export type Targets = (images: Int32Array) => Int32Array;

/** A class for every pixel of an image, [height, width]; −1: none that counts. */
export interface PixelClasses {
  readonly width: number;
  readonly height: number;
  readonly data: Int16Array;
}

/** What is true of an image and what it was taken for: a class with its probability, or a class for every pixel. */
export type Judgement =
  | { readonly kind: 'class'; readonly truth: number; readonly told: number; readonly probability: number }
  | { readonly kind: 'pixels'; readonly truth: PixelClasses; readonly told: Uint8Array };

/** Images with what is to be said of each: what all that learns or measures knows of a task. */
export interface TaskSet {
  readonly images: ImageSet;
  /** Names of class 0, 1, … */
  readonly classes: readonly string[];
  /** The class of pixels that count for nothing, of masks. */
  readonly ignored?: number | undefined;
  /** What was read, in words. */
  readonly description: string;
  /** What is not used of it or was guessed: a sentence each. */
  readonly notes: readonly string[];
  /** The kind of each image, of which a choice takes the same share; 0 everywhere where there are none. */
  readonly groups: Int32Array;
  /** How the images are seen and measured, in words, by what it is about. */
  protocol(head: HeadConfig): Readonly<Record<string, string>>;
  /**
   * Reads what is to be learned, once.
   * @param progress told how many images are done
   * @param note told in a sentence what cannot be learned of them
   * @throws UserError naming what cannot be read
   */
  targets(head: HeadConfig, progress: (done: number) => void, note: (text: string) => void): Promise<Targets>;
  /**
   * How well the answers for all images, in order, tell what is to be said.
   * @param judged is told of each image
   * @throws UserError naming what cannot be read
   */
  measure(
    answers: AsyncIterable<Answers>,
    head: HeadConfig,
    compiled: Compiled,
    judged?: (image: number, judgement: Judgement) => void,
  ): Promise<Score>;
  /** Ends reading; of this set and of all its subsets. */
  close(): Promise<void>;
}

/** The classes that a head knows, by number. */
export type TaskClasses = Pick<TaskSet, 'classes' | 'ignored'>;

/** A split whose images do not say what is to be learned. */
export class UnlabelledSplit extends MissingSplit {}

/** What masks mean, where the data do not tell it. */
export interface MaskMeaning {
  /** Names of class 0, 1, … */
  readonly classes?: readonly string[] | undefined;
  readonly ignored?: number | undefined;
}

/** How a kind of task opens its images. */
export interface TaskKind<S extends TaskSet = TaskSet> {
  /**
   * @param data sources of one task
   * @param options.size side of the stored images, pixels
   * @param options.split as for `openImages`
   * @throws UserError for what cannot be opened; UnlabelledSplit where it does not say what is to be learned
   */
  open(
    data: readonly string[],
    options: { readonly size: number; readonly split?: Split | undefined } & MaskMeaning,
  ): Promise<S>;
  /** @throws UserError where there is nothing to tell apart */
  checkLearnable(set: S): Promise<void>;
  /** The images at these places. */
  subset(set: S, places: Int32Array, description: string): S;
  /** The same images with classes numbered so. @throws UserError for an image whose class is none of these */
  renumber(set: S, known: TaskClasses): S;
}
