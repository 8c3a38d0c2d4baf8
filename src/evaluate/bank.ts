import { purpose, random } from '../random.js';
import {
  type AugmentationConfig,
  identityParameters,
  sampleJitter,
  type TransformationName,
  transformations,
  type ViewParameters,
} from '../world-model/index.js';

/** Draws for one version until it differs from all before it; where the strengths are 0 none ever does. */
const TRIES = 8;

/** The four colour jitters, in the order in which they are applied. */
export const jitterNames = transformations.filter((row) => row.kind === 'jitter').map((row) => row.name);

/**
 * The versions that one image's predictions are ranked among: every jitter applied, at the strength that is asked, or
 * only the one named. All distinct in single precision; where no strength is above 0 all are the image itself, and
 * then tie.
 * @param image which image, for the draws
 */
export function bankParameters(
  augmentation: AugmentationConfig,
  count: number,
  seed: number,
  image: number,
  vary?: TransformationName,
): ViewParameters[] {
  const seen = new Set<string>();
  return Array.from({ length: count }, (_, version) => {
    const stream = random(seed, image, version, purpose.evaluate);
    for (let tries = 1; ; tries++) {
      const drawn = sampleJitter(stream, augmentation);
      const view = vary === undefined ? drawn : { ...identityParameters, [vary]: drawn[vary] };
      const key = jitterNames.map((name) => Math.fround(view[name])).join();
      if (seen.has(key) && tries < TRIES) continue;
      seen.add(key);
      return view;
    }
  });
}
