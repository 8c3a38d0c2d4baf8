import type { Compiled } from '../engine/index.js';
import { count } from '../words.js';
import { identityParameters, type TransformationName } from '../world-model/index.js';
import { jitterNames } from './bank.js';
import type { EvaluatorConfig } from './programs.js';
import { render } from './retrieval.js';

/** A change that is seen, in 0..1: half a step of a byte. */
const SEEN = 1 / 510;

/** The parameter with which a jitter changes most, and what an image is that even this does not change. */
const strongest: Readonly<Record<string, { readonly parameter: number; readonly unchanged: string }>> = {
  brightness: { parameter: 0, unchanged: 'black' },
  contrast: { parameter: 0, unchanged: 'of a single grey' },
  saturation: { parameter: 0, unchanged: 'grey' },
  hue: { parameter: 0.5, unchanged: 'grey' },
};

/** The jitters that training varies. */
export const variedJitters = ({ jitter, strength }: EvaluatorConfig['augmentation']): TransformationName[] =>
  jitterNames.filter((name) => jitter[name as 'hue'] * strength > 0);

/**
 * Those of the varied jitters that can change an image: of grey ones saturation and hue cannot.
 * @param image [1, 3, h, h] in 0..1
 */
export async function effectiveJitters(
  compiled: Compiled,
  config: EvaluatorConfig,
  image: Float32Array,
): Promise<ReadonlySet<TransformationName>> {
  const found = new Set<TransformationName>();
  for (const name of variedJitters(config.augmentation)) {
    const view = { ...identityParameters, [name]: strongest[name]?.parameter ?? identityParameters[name] };
    const pixels = await render(compiled, config, image, view);
    if (pixels.some((value, i) => Math.abs(value - (image[i] as number)) > SEEN)) found.add(name);
  }
  return found;
}

/** What some jitters cannot change, in a sentence each. @param effective those that do, for each image */
export function describeEffects(
  varied: readonly TransformationName[],
  effective: readonly ReadonlySet<TransformationName>[],
): string[] {
  const idle = (name: TransformationName): number => effective.filter((names) => !names.has(name)).length;
  const kindOf = (name: TransformationName): string => strongest[name]?.unchanged ?? '';
  const kinds = new Set(varied.filter((name) => idle(name) > 0).map(kindOf));
  return [...kinds].map((kind) => {
    const names = varied.filter((name) => kindOf(name) === kind && idle(name) > 0);
    const images = Math.max(...names.map(idle));
    const nothing = `${names.join(' and ')} ${names.length > 1 ? 'change' : 'changes'} nothing`;
    if (images === effective.length) return `the images are ${kind}: ${nothing}`;
    const [are, them] = images === 1 ? ['is', 'it'] : ['are', 'them'];
    return `${images} of ${count(effective.length, 'image')} ${are} ${kind}: ${nothing} in ${them}`;
  });
}
