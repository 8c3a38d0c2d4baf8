import { Compiled, type Engine } from '../engine/index.js';
import { UserError } from '../errors.js';
import type { EvaluatorConfig } from '../evaluate/programs.js';
import { type Retrieval, Retriever } from '../evaluate/retrieval.js';
import { type SweptJitter, sweepJitter } from '../evaluate/sweep.js';
import type { Flat } from '../nn/index.js';
import { purpose, random } from '../random.js';
import { type Config, evaluatorConfig, modelConfig, viewsConfig } from '../run/config.js';
import {
  type Action,
  actionSize,
  applyAction,
  checkVisible,
  type Layouts,
  layouts,
  type Masks,
  type ModelConfig,
  type ModelWeights,
  patchGrid,
  sampleMasks,
  type TransformationName,
  targetWidth,
  tokenCount,
  type Visible,
  visibleInput,
} from '../world-model/index.js';
import { inferAction } from './infer.js';
import type { Inference } from './search-action.js';
import { type Reading, tracePredict, traceReading } from './trained-programs.js';

/** Latents of images: one vector a patch. */
export interface Latents {
  readonly data: Float32Array;
  /** [images, patches, features] */
  readonly dims: readonly [number, number, number];
  /** Places of the patches, the same in all images, row by row; all of an image in order where absent. */
  readonly visible?: readonly number[];
}

/** A trained image world model, ready to use, whatever engine runs it and wherever its weights come from. */
export class TrainedModel {
  readonly #compiled: Compiled;
  readonly #model: ModelConfig;
  readonly #layouts: Layouts;

  /**
   * @param engine the model's from now on: disposed of with it
   * @param weights of the configuration's model
   */
  constructor(
    readonly config: Config,
    private readonly engine: Engine,
    private readonly weights: ModelWeights,
  ) {
    this.#compiled = new Compiled(engine);
    this.#model = modelConfig(config);
    this.#layouts = layouts(this.#model);
  }

  /** Side of the images that it takes, in pixels. */
  get size(): number {
    return this.config.image.size;
  }

  /** It takes the middle of an image. */
  get fit() {
    return 'square' as const;
  }

  /** Patches of an image. */
  get patches(): number {
    return tokenCount(this.#model.encoder);
  }

  /**
   * Latents of images, as the encoder gives them and the predictor reads them.
   * @param pixels float32 [n, 3, size, size] in 0..1, size as `config.image.size`
   * @param visible places of the patches that it sees, row by row, and whose latents it gives; all where absent
   * @throws UserError for places that are none
   */
  async encode(pixels: Float32Array, visible?: Visible): Promise<Latents> {
    checkVisible(visible, this.patches);
    const found = await this.#read('encode', this.weights.encoder, pixels, visible);
    return { ...found, ...(visible === undefined ? {} : { visible }) };
  }

  /**
   * What predictions are to come near: the target encoder's latents of images, of several of its blocks where they are
   * predicted, the last's first; each patch of each block standardised.
   * @param pixels as in {@link encode}
   */
  targets(pixels: Float32Array): Promise<Latents> {
    return this.#read('targets', this.weights.target, pixels);
  }

  /**
   * Features of images' patches, for other ends than predictions: latents by the target encoder, the better ones.
   * @param pixels as in {@link encode}
   */
  features(pixels: Float32Array): Promise<Latents> {
    return this.#read('encode', this.weights.target, pixels);
  }

  /**
   * Applies an action to latents: what {@link targets} would give of the transformed images.
   * @param latents from {@link encode}, or a prediction, of which the last block's latents are taken
   * @param action relative to the image; the null action where left out
   * @returns of all patches, those that the encoder did not see too
   * @throws UserError for latents of another width
   */
  async predict({ data, dims, visible }: Latents, action: Action = {}): Promise<Latents> {
    const [images] = dims;
    const { patches } = this;
    const { conditioning } = applyAction(action);
    const actions = new Float32Array(images * actionSize);
    for (let image = 0; image < images; image++) actions.set(conditioning, image * actionSize);
    const { latents } = await this.#compiled.run(
      `predict ${visible?.length}`,
      () => tracePredict(this.config, this.#layouts, visible?.length),
      {
        context: this.#lastBlock(data, dims),
        action: actions,
        ...visibleInput(visible, images),
        predicted: Int32Array.from({ length: images * patches }, (_, i) => i % patches),
        weights: this.weights.predictor,
      },
    );
    return { data: latents, dims: [images, patches, targetWidth(this.#model)] };
  }

  /**
   * What the predictions for actions on an image retrieve, in a bank of what these actions give and 256 random versions.
   * @param pixels one image, float32 [3, size, size] in 0..1
   * @param actions relative to the image: jitters lead to what is wanted, destructive ones are what the encoder sees
   *   instead of the image, and must be the same in all
   * @param visible as in {@link encode}
   * @throws UserError for an action or places that are none
   */
  async retrieve(pixels: Float32Array, actions: readonly Action[], visible?: Visible): Promise<Retrieval[]> {
    return (await this.retriever(pixels)).retrieve(actions, visible);
  }

  /** Which patches of an image training would show the encoder, and which be predicted. @param draw the number of the draw */
  drawMasks(draw: number): Masks {
    const views = viewsConfig(this.config);
    return sampleMasks(random(this.config.seed, draw, purpose.mask), patchGrid(views), views.masks);
  }

  /** What is retrieved as one jitter goes from low to high. @param pixels as in {@link retrieve} */
  async sweep(pixels: Float32Array, name: TransformationName): Promise<SweptJitter> {
    return sweepJitter(await this.retriever(pixels), this.config.augmentation, name);
  }

  /**
   * An image whose latents and whose bank's are kept, to try one action after the other.
   * @param pixels as in {@link retrieve}
   * @param progress is told the share of the bank that is computed
   */
  retriever(pixels: Float32Array, progress?: (share: number) => void): Promise<Retriever> {
    return Retriever.open(this.#compiled, this.#seen, this.weights, pixels, progress);
  }

  /**
   * Which action leads from one image to another of the same thing? The world model run backwards.
   * @param before float32 [3, size, size] in 0..1
   * @param after as `before`
   * @param progress is told the share of the search that is done
   */
  async infer(
    before: Float32Array,
    after: Float32Array,
    progress?: (share: number) => void,
  ): Promise<Inference> {
    const [from, to] = [await this.encode(before), await this.targets(after)];
    return inferAction(
      this.#compiled,
      {
        model: this.#model,
        layouts: this.#layouts,
        augmentation: this.config.augmentation,
      },
      this.weights,
      { before: from.data, after: to.data },
      progress,
    );
  }

  /** How the model sees images that have its own size. */
  get #seen(): EvaluatorConfig {
    const { size } = this.config.image;
    return { ...evaluatorConfig(this.config), image: { height: size, width: size } };
  }

  async #read(
    reading: Reading,
    weights: Flat<Float32Array>,
    pixels: Float32Array,
    visible?: Visible,
  ): Promise<Latents> {
    const images = Math.floor(pixels.length / (3 * this.size ** 2));
    const { latents } = await this.#compiled.run(
      `${reading} ${visible?.length}`,
      () => traceReading(reading, this.config, this.#layouts, visible?.length),
      { images: pixels, ...visibleInput(visible, images), weights },
    );
    const width = reading === 'encode' ? this.#model.encoder.width : targetWidth(this.#model);
    return { data: latents, dims: [images, visible?.length ?? this.patches, width] };
  }

  /** Of a prediction the last block's latents, the first features of every patch; of latents all. */
  #lastBlock(data: Float32Array, [images, patches, features]: Latents['dims']): Float32Array {
    const { width } = this.#model.encoder;
    const predicted = targetWidth(this.#model);
    if (features === width) return data;
    if (features !== predicted)
      throw new UserError(
        `latents of ${features} features a patch; this model takes ${width}, or a prediction's ${predicted}`,
      );
    const first = new Float32Array(images * patches * width);
    for (let patch = 0; patch < images * patches; patch++)
      first.set(data.subarray(patch * features, patch * features + width), patch * width);
    return first;
  }

  /** Frees the engine's memory. */
  dispose(): void {
    this.engine.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
