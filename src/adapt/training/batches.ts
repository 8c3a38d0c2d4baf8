import { purpose, random } from '../../random.js';
import type { TensorData } from '../../tensor/index.js';
import { Epochs } from '../../train/epochs.js';
import { tokenCount } from '../../world-model/index.js';
import type { Inputs } from '../inputs/inputs.js';
import type { Targets } from '../tasks/task.js';
import { imagesOf, type Lesson, type StepConfig } from './step.js';

/** What a step is fed, by lesson where nothing else is said. */
export interface Batch {
  readonly input: Readonly<Record<string, TensorData>>;
  readonly targets: Readonly<Record<string, Int32Array>>;
  /** Which latents the predictor sees, of all lessons' images, where it does not see all. */
  readonly visible?: Int32Array;
}

/** What one lesson draws its batches from. */
export interface LessonData {
  readonly inputs: Inputs;
  /** What is to be learned of each input. */
  readonly targets: Targets;
  /** Images of an epoch; there may be more inputs, which then last for several. */
  readonly epoch: number;
}

/**
 * The batches of all lessons, step by step. Every lesson's epoch is its own random order of its inputs; the same
 * (seed, step) always gives the same batch.
 */
export class Batches {
  readonly #lessons: readonly (Lesson & LessonData & { readonly name: string; readonly order: Epochs })[];

  /** @param data by lesson of the step */
  constructor(
    private readonly config: StepConfig,
    data: Readonly<Record<string, LessonData>>,
    private readonly seed: number,
  ) {
    this.#lessons = Object.entries(config.lessons).map(([name, lesson], i) => {
      const own = data[name] as LessonData;
      return { name, ...lesson, ...own, order: new Epochs(own.inputs.length, seed, i) };
    });
  }

  /** Images of a step. */
  get size(): number {
    return imagesOf(this.config);
  }

  /** Epochs that have passed after so many steps, with a fraction. */
  epochsAfter(steps: number): number {
    return (steps * this.size) / this.#lessons.reduce((sum, { epoch }) => sum + epoch, 0);
  }

  async get(step: number): Promise<Batch> {
    const input: Record<string, TensorData> = {};
    const targets: Record<string, Int32Array> = {};
    for (const lesson of this.#lessons) {
      const chosen = lesson.order.from(step * lesson.images, lesson.images);
      input[lesson.name] = await lesson.inputs.batch(chosen);
      targets[lesson.name] = lesson.targets(chosen);
    }
    const { visible, network } = this.config;
    if (visible === undefined) return { input, targets };
    const tokens = tokenCount(network.model.encoder);
    return { input, targets, visible: drawVisible(this.seed, step, this.size, tokens, visible) };
  }
}

/**
 * Which latents of each image the predictor sees in a step: a random choice for every image and step, so that it does
 * not learn images by heart, and has less to compute. In pretraining it saw no whole images either.
 * @param images of the step
 * @param tokens of an image
 * @param visible of them, 1 … tokens
 * @returns positions, ascending for each image, [images, visible]
 */
export function drawVisible(
  seed: number,
  step: number,
  images: number,
  tokens: number,
  visible: number,
): Int32Array {
  const positions = new Int32Array(images * visible);
  for (let image = 0; image < images; image++) {
    const drawn = random(seed, step, image, purpose.context).permutation(tokens).subarray(0, visible);
    positions.set(drawn.sort(), image * visible);
  }
  return positions;
}
