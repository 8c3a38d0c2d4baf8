import type { Compiled } from '../engine/index.js';
import {
  identityParameters,
  type ModelWeights,
  type Transformation,
  type TransformationName,
  transformations,
} from '../world-model/index.js';
import { allNames, type EvaluatorConfig } from './programs.js';
import { type Retrieval, type RgbImage, render, retrieveVersions, toRgb } from './retrieval.js';

/** What the predictor brings back of an image that went through something destructive. */
export interface Inversion extends Retrieval {
  readonly name: TransformationName;
  /** What the encoder sees: what is left of the image. */
  readonly source: RgbImage;
}

/** As strong as training draws it. */
const strongest = ({ name }: Transformation, { blur }: EvaluatorConfig['augmentation']): number =>
  name === 'blur' ? blur.sigma[1] : 1;

/**
 * For each destructive transformation that training draws: the encoder sees what it leaves of an image, the predictor is
 * told so and asked for the clean image, which is looked for among 256 jittered versions of it.
 * @param image [1, 3, h, h] in 0..1
 */
export async function invert(
  compiled: Compiled,
  config: EvaluatorConfig,
  weights: ModelWeights,
  image: Float32Array,
): Promise<Inversion[]> {
  const { augmentation } = config;
  const found: Inversion[] = [];
  for (const row of transformations) {
    if (row.kind !== 'destructive' || row.probability(augmentation) === 0) continue;
    const view = { ...identityParameters, [row.name]: strongest(row, augmentation) };
    const clean = await retrieveVersions(compiled, config, weights, image, [identityParameters], view);
    const source = toRgb(await render(compiled, config, image, view, allNames), config.image.height);
    found.push(...clean.map((retrieval) => ({ ...retrieval, name: row.name, source })));
  }
  return found;
}
