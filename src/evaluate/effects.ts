import type { Compiled } from '../engine/index.js';
import { count } from '../words.js';
import { identityParameters, type TransformationName } from '../world-model/index.js';
import { jitterNames } from './bank.js';
import type { EvaluatorConfig } from './programs.js';
import { render } from './retrieval.js';
import { stops } from './sweep.js';

/** A change that is seen, in 0..1: half a step of a byte. */
const SEEN = 1 / 510;

/** What an image is that a jitter cannot change. */
const unchanging: Readonly<Record<string, string>> = {
  brightness: 'black',
  contrast: 'of a single grey',
  saturation: 'grey',
  hue: 'grey',
};

/** The jitters that training varies. */
export const variedJitters = ({ jitter, strength }: EvaluatorConfig['augmentation']): TransformationName[] =>
  jitterNames.filter((name) => jitter[name as 'hue'] * strength > 0);

/**
 * Those of the varied jitters that change an image: of grey ones saturation and hue do not.
 * @param image [1, 3, h, h] in 0..1
 */
export async function effectiveJitters(
  compiled: Compiled,
  config: EvaluatorConfig,
  image: Float32Array,
): Promise<ReadonlySet<TransformationName>> {
  const found = new Set<TransformationName>();
  for (const name of variedJitters(config.augmentation)) {
    const [lowest = 0] = stops(config.augmentation, name);
    const view = { ...identityParameters, [name]: identityParameters[name] + lowest };
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
  const kinds = new Set(varied.filter((name) => idle(name) > 0).map((name) => unchanging[name]));
  return [...kinds].map((kind) => {
    const names = varied.filter((name) => unchanging[name] === kind && idle(name) > 0);
    const images = Math.max(...names.map(idle));
    const nothing = `${names.join(' and ')} ${names.length > 1 ? 'change' : 'changes'} nothing`;
    if (images === effective.length) return `the images are ${kind}: ${nothing}`;
    const [are, them] = images === 1 ? ['is', 'it'] : ['are', 'them'];
    return `${images} of ${count(effective.length, 'image')} ${are} ${kind}: ${nothing} in ${them}`;
  });
}
