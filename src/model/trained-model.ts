import { Compiled, type Engine } from '../engine/index.js';
import type { EvaluatorConfig } from '../evaluate/programs.js';
import { type Retrieval, Retriever } from '../evaluate/retrieval.js';
import { type SweptJitter, sweepJitter } from '../evaluate/sweep.js';
import { type Flat, flatSpecs, unpack } from '../nn/index.js';
import { type Config, evaluatorConfig, modelConfig } from '../run/config.js';
import { type Spec, scope, spec, type Tensor, trace } from '../tensor/index.js';
import {
  type Action,
  actionSize,
  applyAction,
  type Encoder,
  encode,
  type Layouts,
  layouts,
  type ModelWeights,
  normalise,
  type Predictor,
  predict,
  type TransformationName,
  tokenCount,
} from '../world-model/index.js';
import { inferAction } from './infer.js';
import type { Inference } from './search-action.js';

/** Latents of images: one vector a patch. */
export interface Latents {
  readonly data: Float32Array;
  /** [images, patches, features] */
  readonly dims: readonly [number, number, number];
}

/** A trained image world model, ready to use, whatever engine runs it and wherever its weights come from. */
export class TrainedModel {
  readonly #compiled: Compiled;
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
    this.#layouts = layouts(modelConfig(config));
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
    return tokenCount(modelConfig(this.config).encoder);
  }

  /**
   * Latents of whole images.
   * @param pixels float32 [n, 3, size, size] in 0..1, size as `config.image.size`
   * @param by the encoder (what the predictor takes), or its average, the target encoder (better features)
   */
  async encode(pixels: Float32Array, by: 'encoder' | 'target' = 'encoder'): Promise<Latents> {
    const { latents } = await this.#compiled.run('encode', () => traceEncode(this.config, this.#layouts), {
      images: pixels,
      weights: this.weights[by],
    });
    return this.#shaped(latents);
  }

  /**
   * Applies an action to latents: those that the target encoder would give the transformed images (normalised per patch).
   * @param latents of whole images, from `encode`
   * @param action relative to the image; the null action where left out
   */
  async predict({ data, dims }: Latents, action: Action = {}): Promise<Latents> {
    const [images, patches] = dims;
    const { conditioning } = applyAction(action);
    const actions = new Float32Array(images * actionSize);
    for (let image = 0; image < images; image++) actions.set(conditioning, image * actionSize);
    const { latents } = await this.#compiled.run('predict', () => tracePredict(this.config, this.#layouts), {
      context: data,
      action: actions,
      predicted: Int32Array.from({ length: images * patches }, (_, i) => i % patches),
      weights: this.weights.predictor,
    });
    return this.#shaped(latents);
  }

  /**
   * What the predictions for actions on an image retrieve, in a bank of what these actions give and 256 random versions.
   * @param pixels one image, float32 [3, size, size] in 0..1
   * @param actions relative to the image: jitters lead to what is wanted, destructive ones are what the encoder sees
   *   instead of the image, and must be the same in all
   * @throws UserError for an action that is none
   */
  async retrieve(pixels: Float32Array, actions: readonly Action[]): Promise<Retrieval[]> {
    return (await this.retriever(pixels)).retrieve(actions);
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
    const [from, to] = [await this.encode(before), await this.encode(after, 'target')];
    return inferAction(
      this.#compiled,
      {
        model: modelConfig(this.config),
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

  #shaped(data: Float32Array): Latents {
    const { patches } = this;
    const { width } = this.config.encoder;
    return { data, dims: [data.length / (patches * width), patches, width] };
  }

  /** Frees the engine's memory. */
  dispose(): void {
    this.engine.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

interface EncodeInputs<T> {
  readonly images: T;
  readonly weights: Flat<T>;
}

interface PredictInputs<T> {
  readonly context: T;
  readonly action: T;
  readonly predicted: T;
  readonly weights: Flat<T>;
}

function traceEncode(config: Config, parts: Layouts) {
  const { encoder } = modelConfig(config);
  const { size } = config.image;
  const specs: EncodeInputs<Spec> = {
    images: spec(['batch', 3, size, size]),
    weights: flatSpecs(parts.encoder),
  };
  return trace('encode', specs, ({ images, weights }) => {
    const parameters = unpack(parts.encoder, weights) as Encoder<Tensor>;
    return {
      latents: scope('encoder', () => encode(normalise(images, config.normalisation), parameters, encoder)),
    };
  });
}

function tracePredict(config: Config, parts: Layouts) {
  const model = modelConfig(config);
  const patches = tokenCount(model.encoder);
  const specs: PredictInputs<Spec> = {
    context: spec(['batch', patches, model.encoder.width]),
    action: spec(['batch', actionSize]),
    predicted: spec(['batch', patches], 'int32'),
    weights: flatSpecs(parts.predictor),
  };
  return trace('predict', specs, ({ context, action, predicted, weights }) => {
    const parameters = unpack(parts.predictor, weights) as Predictor<Tensor>;
    return {
      latents: scope('predictor', () =>
        predict(context, action, { predicted }, parameters, model.predictor, model.encoder),
      ),
    };
  });
}
