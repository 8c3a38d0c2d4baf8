import { Compiled, type Engine } from '../../engine/index.js';
import { UserError } from '../../errors.js';
import type { Flat } from '../../nn/index.js';
import { type Inputs, imageInputs } from '../inputs/inputs.js';
import { predictLogits } from '../inputs/predictions.js';
import type { DenseHeadConfig } from '../network/dense-head.js';
import type { HeadConfig } from '../network/heads.js';
import type { Network, Parts } from '../network/network.js';
import { probabilities } from '../scores/accuracy.js';
import type { Score } from '../scores/score.js';
import type { Answers, Judgement, TaskName, TaskSet } from '../tasks/task.js';
import { toldClasses } from '../tasks/told-classes.js';
import type { AdaptedConfig, AdaptedTask } from './adapted-config.js';

/** What classes images have, with which probability. */
export interface Classification {
  readonly classes: readonly string[];
  /** float32 [images, classes]; each row adds up to 1. */
  readonly probabilities: Float32Array;
  readonly dims: readonly [images: number, classes: number];
}

/** What class every pixel has. */
export interface Segmentation {
  /** Names of class 0, 1, … */
  readonly classes: readonly string[];
  /** A class that is never told, as it counted for nothing in training: its number, among `classes` or beyond. */
  readonly ignored: number | undefined;
  /** The class of each pixel, bytes [images, height, width]. */
  readonly masks: Uint8Array;
  readonly dims: readonly [images: number, height: number, width: number];
}

/** What asks a task. */
export type Asking = 'classify' | 'segment';

/** What asks each kind of task. */
const askings: Readonly<Record<TaskName, Asking>> = {
  classification: 'classify',
  rotation: 'classify',
  segmentation: 'segment',
};

/** A pretrained model adapted to tasks, ready to use, whatever engine runs it and wherever its weights come from. */
export class TunedModel {
  readonly #compiled: Compiled;

  /**
   * @param name what messages call it
   * @param network of the configuration
   * @param weights of the network
   * @param engine the model's from now on: disposed of with it
   */
  constructor(
    readonly name: string,
    readonly config: AdaptedConfig,
    private readonly network: Network,
    private readonly weights: Parts<Flat<Float32Array>>,
    private readonly engine: Engine,
  ) {
    this.#compiled = new Compiled(engine);
  }

  /** Side of the images that it takes, in pixels. */
  get size(): number {
    return this.network.image.height;
  }

  /**
   * Which part of an image it takes: the middle, or for segmentation all of it, stretched.
   * @throws UserError where its tasks take different ones
   */
  get fit(): 'square' | 'stretched' {
    const fits = new Set(this.tasks.map(({ task }) => (task === 'segmentation' ? 'stretched' : 'square')));
    const [fit = 'square'] = fits;
    if (fits.size === 1) return fit;
    throw new UserError(
      `${this.name} takes the middle of an image for some tasks and all of it for others: give size and fit in its place`,
    );
  }

  /** The tasks that it does. */
  get tasks(): readonly AdaptedTask[] {
    return this.config.tasks;
  }

  /**
   * How well it does one of its tasks.
   * @param judged is told of each image
   * @throws UserError where an image or what is to be said of it cannot be read
   */
  measure(
    { name }: AdaptedTask,
    set: TaskSet,
    judged?: (image: number, judgement: Judgement) => void,
  ): Promise<Score> {
    set.images.prefetch();
    const answers = this.#answers(name, imageInputs(set.images));
    return set.measure(answers, this.#head(name), this.#compiled, judged);
  }

  /**
   * The tasks that are asked like this.
   * @param name only this one
   * @throws UserError where there are none, or the named one is asked otherwise
   */
  tasksTo(asking: Asking, name?: string): readonly AdaptedTask[] {
    const { tasks, name: model } = this;
    const named = name === undefined ? tasks : tasks.filter((each) => each.name === name);
    const [first] = named;
    if (first === undefined)
      throw new UserError(
        `${model} does no task "${name}", but ${tasks.map((each) => each.name).join(', ')}`,
        2,
      );
    const found = named.filter(({ task }) => askings[task] === asking);
    if (found.length > 0) return found;
    const kind = Object.entries(askings).find(([, each]) => each === asking)?.[0];
    throw new UserError(`${model} does ${first.task}, not ${kind}; ask it with iwm ${askings[first.task]}`);
  }

  /** As {@link tasksTo}, but one. @throws UserError as there, and where it is not said which of several */
  taskTo(asking: Asking, name?: string): AdaptedTask {
    const [found, ...others] = this.tasksTo(asking, name) as [AdaptedTask, ...AdaptedTask[]];
    if (others.length === 0) return found;
    const names = [found, ...others].map((each) => each.name).join(', ');
    throw new UserError(`${this.name} does several such tasks: say which of ${names}`, 2);
  }

  /**
   * Classes of whole images.
   * @param pixels float32 [n, 3, size, size] in 0..1, size as {@link size}
   * @param task its name, where the model does several such tasks
   * @throws RangeError for another number of pixels, UserError where it is not said which task, or it is none of these
   */
  async classify(pixels: Float32Array, task?: string): Promise<Classification> {
    const { name, classes } = this.taskTo('classify', task);
    const inputs = this.#inputs('classify', pixels);
    const out = new Float32Array(inputs.length * classes.length);
    for await (const { first, logits } of this.#answers(name, inputs))
      out.set(probabilities(logits, classes.length), first * classes.length);
    return { classes, probabilities: out, dims: [inputs.length, classes.length] };
  }

  /**
   * Classes of all pixels.
   * @param pixels float32 [n, 3, size, size] in 0..1, size as {@link size}: whole images, stretched to a square
   * @param dims size of the masks, usually that of the images before they were stretched; by default the square's
   * @param task as for {@link classify}
   * @throws as {@link classify}
   */
  async segment(
    pixels: Float32Array,
    { height, width } = { height: this.size, width: this.size },
    task?: string,
  ): Promise<Segmentation> {
    const { name, classes, ignored } = this.taskTo('segment', task);
    const inputs = this.#inputs('segment', pixels);
    const head = this.#head(name) as DenseHeadConfig;
    const each = head.side ** 2 * head.classes;
    const masks = new Uint8Array(inputs.length * height * width);
    for await (const { first, logits } of this.#answers(name, inputs))
      for (let i = 0; i < logits.length / each; i++) {
        const own = logits.subarray(i * each, (i + 1) * each);
        const told = await toldClasses(this.#compiled, own, head, { height, width }, ignored);
        masks.set(told, (first + i) * height * width);
      }
    return { classes, ignored, masks, dims: [inputs.length, height, width] };
  }

  /** Frees the engine's memory. */
  dispose(): void {
    this.engine.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #answers(task: string, inputs: Inputs): AsyncIterable<Answers> {
    return predictLogits(this.#compiled, this.network, task, this.weights, inputs);
  }

  #head(task: string): HeadConfig {
    return this.network.tasks[task] as HeadConfig;
  }

  #inputs(asker: string, pixels: Float32Array): Inputs {
    const each = 3 * this.size ** 2;
    const length = pixels.length / each;
    if (!Number.isInteger(length) || length < 1)
      throw new RangeError(
        `${asker}: ${pixels.length} numbers are no [n, 3, ${this.size}, ${this.size}], n ≥ 1`,
      );
    return {
      kind: 'images',
      length,
      batch: async (indices) => {
        const first = indices[0] ?? 0;
        return pixels.subarray(first * each, (first + indices.length) * each);
      },
    };
  }
}
