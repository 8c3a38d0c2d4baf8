import {
  type ComputeOptions,
  createEngine,
  type Engine,
  type Executable,
  type Feeds,
  take,
  type Value,
} from '../engine/index.js';
import { type Flat, flatSpecs, unpack } from '../nn/index.js';
import { type Config, modelConfig } from '../run/config.js';
import { loadModel, type ModelWeights } from '../run/disk/checkpoint.js';
import { readConfig } from '../run/disk/run-folder.js';
import type { Tensor } from '../tensor/index.js';
import { type Spec, scope, spec, trace } from '../tensor/index.js';
import { type Layouts, layouts } from '../train/step.js';
import {
  type Action,
  actionSize,
  applyAction,
  type Encoder,
  encode,
  normalise,
  type Predictor,
  predict,
} from '../world-model/index.js';

/** Latents of images: one vector a patch. */
export interface Latents {
  readonly data: Float32Array;
  /** [images, patches, features] */
  readonly dims: readonly [number, number, number];
}

/**
 * A trained image world model, ready to use.
 *
 * @example
 * ```ts
 * const model = await WorldModel.load('runs/demo');
 * const latents = await model.encode(pixels);              // pixels: [n, 3, size, size] in 0..1
 * const brighter = await model.predict(latents, { brightness: 0.3 });
 * model.dispose();
 * ```
 */
export class WorldModel {
  private constructor(
    readonly config: Config,
    private readonly engine: Engine,
    private readonly weights: ModelWeights,
    private readonly encoder: Executable<EncodeInputs<Spec>, { latents: Tensor }>,
    private readonly predictor: Executable<PredictInputs<Spec>, { latents: Tensor }>,
  ) {}

  /**
   * Loads a finished run.
   * @param run its folder
   * @throws UserError where the folder holds no finished run
   */
  static async load(run: string, { threads, device }: ComputeOptions = {}): Promise<WorldModel> {
    const config = readConfig(run);
    const parts = layouts(modelConfig(config));
    const weights = loadModel(run, parts);
    const engine = createEngine({ threads, device });
    const encoder = await engine.compile(traceEncode(config, parts));
    const predictor = await engine.compile(tracePredict(config, parts));
    return new WorldModel(config, engine, weights, encoder, predictor);
  }

  /** Patches of an image. */
  get patches(): number {
    return (this.config.image.size / this.config.image.patch) ** 2;
  }

  /**
   * Latents of whole images.
   * @param pixels float32 [n, 3, size, size] in 0..1, size as `config.image.size`
   * @param by the encoder (what the predictor takes), or its average, the target encoder (better features)
   */
  async encode(pixels: Float32Array, by: 'encoder' | 'target' = 'encoder'): Promise<Latents> {
    const { latents } = await this.encoder.run({
      images: pixels,
      weights: this.weights[by],
    } as unknown as Feeds<EncodeInputs<Spec>>);
    return toLatents(latents as Value);
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
    const { latents } = await this.predictor.run({
      context: data,
      action: actions,
      predicted: Int32Array.from({ length: images * patches }, (_, i) => i % patches),
      weights: this.weights.predictor,
    } as unknown as Feeds<PredictInputs<Spec>>);
    return toLatents(latents as Value);
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

async function toLatents(value: Value): Promise<Latents> {
  const dims = value.shape as unknown as Latents['dims'];
  return { data: (await take(value)) as Float32Array, dims };
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
  const patches = (config.image.size / config.image.patch) ** 2;
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
