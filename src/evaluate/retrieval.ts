import type { Compiled } from '../engine/index.js';
import {
  type Action,
  actionSize,
  applyAction,
  checkVisible,
  type ModelWeights,
  packParameters,
  type TransformationName,
  targetWidth,
  tokenCount,
  type ViewParameters,
  type Visible,
  visibleInput,
} from '../world-model/index.js';
import { bankParameters, jitterNames } from './bank.js';
import {
  allNames,
  type EvaluatorConfig,
  traceContext,
  tracePredictions,
  traceRender,
  traceVersions,
} from './programs.js';
import { rankOf } from './ranks.js';

/** An image for people. */
export interface RgbImage {
  readonly size: number;
  /** [size, size, 3] */
  readonly pixels: Uint8Array;
}

/** What one prediction retrieves. */
export interface Retrieval {
  /** What the action really gives. */
  readonly wanted: RgbImage;
  /** The image of the bank whose latents are nearest to the prediction. */
  readonly retrieved: RgbImage;
  /** Rank of the wanted image in the bank, by mean per-token cosine; 1 is right. */
  readonly rank: number;
  /** Images in the bank. */
  readonly bank: number;
}

/** What one prediction retrieves, and what it was made from and compared with. */
export interface ComparedRetrieval extends Retrieval {
  /** What the encoder sees: the image, or what destructive transformations left of it. */
  readonly seen: RgbImage;
  /** Latents, each token of length 1: what is seen [N, D], the others [N, `targetWidth`]. */
  readonly latents: {
    /** The encoder's, of what it sees, each token of mean 0; of the visible patches alone where they were named. */
    readonly seen: Float32Array;
    /** The predictor's answer. */
    readonly predicted: Float32Array;
    /** The target encoder's, of the wanted image. */
    readonly wanted: Float32Array;
  };
}

/** Random versions in the bank, beside those asked for, and how many are computed at once. */
const BANK = 256;
const CHUNK = 16;

/** An image [3, size, size] in 0..1 as RGB bytes. */
export function toRgb(planes: Float32Array, size: number): RgbImage {
  const plane = size * size;
  const pixels = new Uint8Array(3 * plane);
  for (let i = 0; i < plane; i++)
    for (let channel = 0; channel < 3; channel++)
      pixels[3 * i + channel] = Math.round(
        255 * Math.min(1, Math.max(0, planes[channel * plane + i] as number)),
      );
  return { size, pixels };
}

/**
 * An image [1, 3, h, h] in 0..1 after transformations, at its own size.
 * @param names the transformations that it may go through
 */
export async function render(
  compiled: Compiled,
  config: EvaluatorConfig,
  image: Float32Array,
  view: ViewParameters,
  names: readonly TransformationName[] = jitterNames,
): Promise<Float32Array> {
  const { height } = config.image;
  // A blur is told in pixels of what the model sees.
  const own = { ...view, blur: (view.blur * height) / config.model.encoder.image };
  const parameters = packParameters([own], names, height);
  const { pixels } = await compiled.run(`render ${names.length}`, () => traceRender(config, names), {
    image,
    parameters,
  });
  return pixels;
}

/**
 * Retrieves, for versions of an image that are asked for, from a bank of them and 256 random ones. The latents of the
 * image and of the random versions are computed once, so that asking again costs little.
 */
export class Retriever {
  readonly #random: readonly ViewParameters[];
  /** Of the random versions, each token of length 1: a row each, [N × `targetWidth`]. */
  readonly #bank: Float32Array[] = [];
  /** What the encoder saw last, and its latents. */
  #seen: Seen | undefined;

  private constructor(
    private readonly compiled: Compiled,
    private readonly config: EvaluatorConfig,
    private readonly weights: ModelWeights,
    private readonly image: Float32Array,
  ) {
    this.#random = bankParameters(config.augmentation, BANK, 0, 0);
  }

  /**
   * @param image [1, 3, h, h] in 0..1
   * @param progress is told the share of the bank that is computed
   */
  static async open(
    compiled: Compiled,
    config: EvaluatorConfig,
    weights: ModelWeights,
    image: Float32Array,
    progress: (share: number) => void = () => {},
  ): Promise<Retriever> {
    const retriever = new Retriever(compiled, config, weights, image);
    for (let first = 0; first < BANK; first += CHUNK) {
      retriever.#bank.push(...(await retriever.#versions(retriever.#random.slice(first, first + CHUNK))));
      progress((first + CHUNK) / BANK);
    }
    return retriever;
  }

  /**
   * @param actions relative to the image: jitters lead to what is wanted, destructive ones are what the encoder sees
   *   instead of the image, and must be the same in all
   * @param visible places of the patches that the encoder sees, row by row; all where absent. All are predicted.
   * @throws UserError for an action or places that are none
   */
  async retrieve(actions: readonly Action[], visible?: Visible): Promise<ComparedRetrieval[]> {
    const { config } = this;
    checkVisible(visible, tokenCount(config.model.encoder));
    const views = actions.map(applyAction);
    const asked = views.map(({ target }) => target);
    const source = views[0]?.source;
    if (source === undefined) return [];
    const seen = await this.#see(source, visible);
    const action = new Float32Array(asked.length * actionSize);
    for (const [i, { conditioning }] of views.entries()) action.set(conditioning, i * actionSize);
    const { answers } = await this.compiled.run(
      `predictions ${asked.length} ${visible?.length}`,
      () => tracePredictions(config, asked.length, visible?.length),
      { context: seen.context, action, ...visibleInput(visible, 1), weights: this.weights.predictor },
    );
    const versions = [...asked, ...this.#random];
    const bank = [...(await this.#versions(asked)), ...this.#bank];
    const draw = async (view: ViewParameters): Promise<RgbImage> =>
      toRgb(await render(this.compiled, config, this.image, view), config.image.height);
    const found: ComparedRetrieval[] = [];
    for (const [i, view] of asked.entries()) {
      const predicted = unitTokens(rowOf(answers, i, asked.length), targetWidth(config.model));
      const cosines = bank.map((row) => dot(predicted, row));
      const nearest = cosines.reduce((best, value, at) => (value > (cosines[best] as number) ? at : best), 0);
      found.push({
        wanted: await draw(view),
        retrieved: await draw(versions[nearest] as ViewParameters),
        rank: rankOf(cosines, i),
        bank: bank.length,
        seen: seen.image,
        latents: { seen: seen.latents, predicted, wanted: bank[i] as Float32Array },
      });
    }
    return found;
  }

  /** What the encoder makes of a view, of its visible patches where they are named. */
  async #see(view: ViewParameters, visible?: Visible): Promise<Seen> {
    const name = JSON.stringify({ view, visible });
    if (this.#seen?.name === name) return this.#seen;
    const image = await render(this.compiled, this.config, this.image, view, allNames);
    const { context } = await this.compiled.run(
      `context ${visible?.length}`,
      () => traceContext(this.config, visible?.length),
      { image, ...visibleInput(visible, 1), weights: this.weights.encoder },
    );
    const { width } = this.config.model.encoder;
    this.#seen = {
      name,
      image: toRgb(image, this.config.image.height),
      context,
      latents: unitTokens(centred(context, width), width),
    };
    return this.#seen;
  }

  /** What is to be predicted of versions, each token of length 1: a row each, [N × `targetWidth`]. */
  async #versions(views: readonly ViewParameters[]): Promise<Float32Array[]> {
    const { model } = this.config;
    const { latents } = await this.compiled.run(
      `versions ${views.length}`,
      () => traceVersions(this.config, views.length),
      {
        image: this.image,
        parameters: packParameters(views, jitterNames, model.encoder.image),
        weights: this.weights.target,
      },
    );
    return views.map((_, i) => unitTokens(rowOf(latents, i, views.length), targetWidth(model)));
  }
}

/** A view that the encoder saw. */
interface Seen {
  /** It, and what of it was seen, told apart. */
  readonly name: string;
  readonly image: RgbImage;
  /** Its latents, [N × D] or [V × D], and the same with each token of mean 0 and length 1. */
  readonly context: Float32Array;
  readonly latents: Float32Array;
}

/** The i-th of so many equal parts. */
const rowOf = (data: Float32Array, i: number, parts: number): Float32Array =>
  data.subarray((i * data.length) / parts, ((i + 1) * data.length) / parts);

/** Tokens [N × D], each brought to length 1. */
function unitTokens(tokens: Float32Array, width: number): Float32Array {
  return eachToken(tokens, width, (token) => {
    const length = Math.sqrt(dot(token, token) + 1e-12);
    return token.map((value) => value / length);
  });
}

/** Tokens [N × D], each brought to mean 0. */
function centred(tokens: Float32Array, width: number): Float32Array {
  return eachToken(tokens, width, (token) => {
    const mean = token.reduce((sum, value) => sum + value, 0) / width;
    return token.map((value) => value - mean);
  });
}

function eachToken(
  tokens: Float32Array,
  width: number,
  change: (token: Float32Array) => Float32Array,
): Float32Array {
  const changed = new Float32Array(tokens.length);
  for (let first = 0; first < tokens.length; first += width)
    changed.set(change(tokens.subarray(first, first + width)), first);
  return changed;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
