import { type ComputeOptions, createEngine, type Engine } from '../engine/index.js';
import { Compiled } from '../evaluate/compiled.js';
import type { Flat } from '../nn/index.js';
import { probabilities } from './accuracy.js';
import type { Inputs } from './inputs.js';
import { type AdaptedConfig, type AdaptedTask, loadModel } from './model-folder.js';
import type { Network, Parts } from './network.js';
import { predictLogits } from './predictions.js';
import type { AdaptationResult } from './result.js';

/** What classes images have, with which probability. */
export interface Classification {
  readonly classes: readonly string[];
  /** float32 [images, classes]; each row adds up to 1. */
  readonly probabilities: Float32Array;
  readonly dims: readonly [images: number, classes: number];
}

/**
 * A pretrained model adapted to a task, ready to use.
 *
 * @example
 * ```ts
 * const model = await AdaptedModel.load('runs/flowers');
 * const { classes, probabilities } = await model.classify(pixels); // pixels: [n, 3, size, size] in 0..1
 * model.dispose();
 * ```
 */
export class AdaptedModel {
  readonly #compiled: Compiled;

  private constructor(
    readonly config: AdaptedConfig,
    /** What its adaptation came to. */
    readonly result: AdaptationResult,
    private readonly network: Network,
    private readonly weights: Parts<Flat<Float32Array>>,
    private readonly engine: Engine,
  ) {
    this.#compiled = new Compiled(engine);
  }

  /** Loads an adapted model. @param folder as `adapt` has made @throws UserError where it holds none */
  static async load(folder: string, { threads, device }: ComputeOptions = {}): Promise<AdaptedModel> {
    const { config, network, weights, result } = loadModel(folder);
    const engine = createEngine({ threads, device });
    return new AdaptedModel(config, result, network, weights, engine);
  }

  /** Side of the images that it takes, in pixels. */
  get size(): number {
    return this.network.image.height;
  }

  /** The task that it does. */
  get task(): AdaptedTask {
    return this.config.tasks[0] as AdaptedTask;
  }

  /** Logits, float32 [n, classes], of inputs of kind `images`. */
  logits(images: Inputs): Promise<Float32Array> {
    return predictLogits(this.#compiled, this.network, this.task.name, this.weights, images);
  }

  /**
   * Classes of whole images.
   * @param pixels float32 [n, 3, size, size] in 0..1, size as {@link size}
   * @throws RangeError for another number of pixels
   */
  async classify(pixels: Float32Array): Promise<Classification> {
    const each = 3 * this.size ** 2;
    const length = pixels.length / each;
    if (!Number.isInteger(length) || length < 1)
      throw new RangeError(
        `classify: ${pixels.length} numbers are no [n, 3, ${this.size}, ${this.size}], n ≥ 1`,
      );
    const { classes } = this.task;
    const logits = await this.logits({
      kind: 'images',
      length,
      batch: async (indices) => {
        const first = indices[0] ?? 0;
        return pixels.subarray(first * each, (first + indices.length) * each);
      },
    });
    return {
      classes,
      probabilities: probabilities(logits, classes.length),
      dims: [length, classes.length],
    };
  }

  /** Frees the engine's memory. */
  dispose(): void {
    this.engine.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
