import { type Transformation, type TransformationName, transformations } from '../world-model/index.js';
import type { EvaluatorConfig } from './programs.js';
import type { Retrieval, Retriever, RgbImage } from './retrieval.js';

/** What the predictor brings back of an image that went through something destructive. */
export interface Inversion extends Retrieval {
  readonly name: TransformationName;
  /** What the encoder sees: what is left of the image. */
  readonly seen: RgbImage;
}

/** As strong as training draws it. */
const strongest = ({ name }: Transformation, { blur }: EvaluatorConfig['augmentation']): number =>
  name === 'blur' ? blur.sigma[1] : 1;

/**
 * For each destructive transformation that training draws: the encoder sees what it leaves of an image, the predictor is
 * told so and asked for the clean image, which is looked for among 256 jittered versions of it.
 */
export async function invert(
  retriever: Retriever,
  augmentation: EvaluatorConfig['augmentation'],
): Promise<Inversion[]> {
  const found: Inversion[] = [];
  for (const row of transformations) {
    if (row.kind !== 'destructive' || row.probability(augmentation) === 0) continue;
    const clean = await retriever.retrieve([{ [row.name]: strongest(row, augmentation) }]);
    found.push(...clean.map((retrieval) => ({ ...retrieval, name: row.name })));
  }
  return found;
}
