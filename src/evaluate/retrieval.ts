import type { Compiled } from '../engine/index.js';
import {
  type ModelWeights,
  packParameters,
  type TransformationName,
  type ViewParameters,
} from '../world-model/index.js';
import { bankParameters, jitterNames } from './bank.js';
import { rankVersions } from './mrr.js';
import { allNames, type EvaluatorConfig, traceRender } from './programs.js';

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

/** Random versions in the bank, beside those asked for. */
const BANK = 256;

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
 * What predictions for versions of an image retrieve, in a bank of these versions and 256 random ones.
 * @param image [1, 3, h, h] in 0..1
 * @param asked views of it, by jitters
 * @param source what the image went through before the encoder sees it, where it did
 */
export async function retrieveVersions(
  compiled: Compiled,
  config: EvaluatorConfig,
  weights: ModelWeights,
  image: Float32Array,
  asked: readonly ViewParameters[],
  source?: ViewParameters,
): Promise<Retrieval[]> {
  const versions = [...asked, ...bankParameters(config.augmentation, BANK, 0, 0)];
  const from = source && { view: source, image: await render(compiled, config, image, source, allNames) };
  const ranks = await rankVersions(compiled, config, weights, image, versions, [...asked.keys()], from);
  const draw = async (version: number): Promise<RgbImage> =>
    toRgb(await render(compiled, config, image, versions[version] as ViewParameters), config.image.height);
  const found: Retrieval[] = [];
  for (const [i, { cosine, nearest }] of ranks.entries())
    found.push({
      wanted: await draw(i),
      retrieved: await draw(nearest),
      rank: cosine,
      bank: versions.length,
    });
  return found;
}
