import type { Compiled } from '../engine/index.js';
import type { ModelWeights } from '../world-model/index.js';
import {
  identityParameters,
  packParameters,
  type TransformationName,
  type ViewParameters,
} from '../world-model/index.js';
import { bankParameters, jitterNames } from './bank.js';
import { rankVersions } from './mrr.js';
import { type EvaluatorConfig, traceRender } from './programs.js';

/** An image for people. */
export interface RgbImage {
  readonly size: number;
  /** [size, size, 3] */
  readonly pixels: Uint8Array;
}

/** What a predictor answers for one image as each jitter sweeps from low to high (the paper's Figure 1). */
export interface Sweep {
  readonly original: RgbImage;
  readonly rows: readonly {
    readonly name: string;
    readonly cells: readonly {
      /** The action's component: a difference of factors, hue in circles. */
      readonly value: number;
      /** What the action really gives. */
      readonly wanted: RgbImage;
      /** The bank image whose latents are nearest to the prediction. */
      readonly retrieved: RgbImage;
      /** Rank of the wanted image in the bank; 1 is right. */
      readonly rank: number;
    }[];
  }[];
}

/** Random versions in the bank, beside the swept ones. */
const BANK = 256;
/** Where a sweep stops, as shares of the way to the lowest and the highest value drawn in training. */
const STOPS = [-1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3, 1];

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

/** The values a sweep of one jitter stops at: actions relative to the clean image, within what training draws. */
export function stops(augmentation: EvaluatorConfig['augmentation'], name: TransformationName): number[] {
  const strength = augmentation.jitter[name as 'hue'] * augmentation.strength;
  // As in training, factors end at 0 and hue at half a circle.
  const limit = name === 'hue' ? 0.5 : 1;
  return STOPS.map((share) => share * (share < 0 || name === 'hue' ? Math.min(limit, strength) : strength));
}

/** @param image [1, 3, h, w] in 0..1, square */
export async function sweepImage(
  compiled: Compiled,
  config: EvaluatorConfig,
  weights: ModelWeights,
  image: Float32Array,
): Promise<Sweep> {
  const { height } = config.image;
  const draw = async (view: ViewParameters): Promise<RgbImage> => {
    const parameters = packParameters([view], jitterNames, height);
    const { pixels } = await compiled.run('render', () => traceRender(config), { image, parameters });
    return toRgb(pixels, height);
  };
  const random = bankParameters(config.augmentation, BANK, 0, 0);
  const rows: Sweep['rows'][number][] = [];
  for (const name of jitterNames) {
    const values = stops(config.augmentation, name);
    const swept = values.map((value) => ({
      ...identityParameters,
      [name]: identityParameters[name] + value,
    }));
    const versions = [...swept, ...random];
    const ranks = await rankVersions(compiled, config, weights, image, versions, [...swept.keys()]);
    const cells = [];
    for (const [i, found] of ranks.entries())
      cells.push({
        value: values[i] as number,
        wanted: await draw(versions[i] as ViewParameters),
        retrieved: await draw(versions[found.nearest] as ViewParameters),
        rank: found.cosine,
      });
    rows.push({ name, cells });
  }
  return { original: toRgb(image, height), rows };
}
