import type { ImageSet } from '../data/image-set.js';
import type { TransformationName } from '../world-model/index.js';
import { describeEffects, variedJitters } from './effects.js';
import type { Evaluator } from './evaluator.js';
import type { MrrResult } from './mrr.js';
import type { EvaluatorConfig } from './programs.js';

/**
 * MRR with only one jitter varied, for each that training varies, of those of the images that it changes.
 * @param measure of these images, which may be none
 * @returns by the jitter's name, and a sentence for what some of them cannot change
 */
export async function mrrByJitter(
  evaluator: Pick<Evaluator, 'effectiveJitters'>,
  { augmentation }: Pick<EvaluatorConfig, 'augmentation'>,
  images: ImageSet,
  measure: (images: ImageSet, vary: TransformationName) => Promise<MrrResult | undefined>,
): Promise<{ readonly byAction: Record<string, MrrResult>; readonly notes: string[] }> {
  const effective: ReadonlySet<TransformationName>[] = [];
  for (let image = 0; image < images.length; image++)
    effective.push(await evaluator.effectiveJitters(await images.batch([image])));
  const varied = variedJitters(augmentation);
  const byAction: Record<string, MrrResult> = {};
  for (const vary of varied) {
    const changed = effective.flatMap((names, image) => (names.has(vary) ? [image] : []));
    const found = await measure(images.subset(Int32Array.from(changed)), vary);
    if (found !== undefined) byAction[vary] = found;
  }
  return { byAction, notes: describeEffects(varied, effective) };
}
