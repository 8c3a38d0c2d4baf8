import { UserError } from '../errors.js';
import { sceneLabel, syntheticClasses } from './scene.js';
import type { Source } from './source.js';
import type { Split } from './splits.js';

/** Images in the training split, and where the others begin. */
const TRAINING = 8192;
/** Scenes of a split. */
const MOST = 2 ** 24;
const STARTS: Readonly<Record<Split, number>> = { train: 0, all: 0, validation: 2 ** 24, test: 2 ** 25 };

/** What messages call scene `index`. */
export const sceneName = (index: number): string => `scene ${index}`;

/** A source of scenes. */
export type SyntheticSource = Source & { readonly pixels: Extract<Source['pixels'], { kind: 'synthetic' }> };

/** What `synthetic` or `synthetic:COUNT` means; undefined for anything else. @throws UserError for a count out of range */
export function findSynthetic(source: string, split: Split): SyntheticSource | undefined {
  const [found, count] = /^synthetic(?::(\d+))?$/.exec(source) ?? [];
  if (found === undefined) return undefined;
  if (count !== undefined && !(Number(count) > 0 && Number(count) <= MOST))
    throw new UserError(`${source}: the count of scenes must be in 1 … ${MOST}`);
  return syntheticSource(split, count === undefined ? undefined : Number(count));
}

/** The embedded data set: `count` procedural scenes; each split has scenes of its own. */
export function syntheticSource(
  split: Split,
  count: number = split === 'train' || split === 'all' ? TRAINING : 1024,
): SyntheticSource {
  const first = STARTS[split];
  return {
    description: `synthetic: ${count.toLocaleString('en-US')} scenes, ${syntheticClasses.length} classes, split ${split}`,
    split,
    length: count,
    classes: syntheticClasses,
    labels: Int32Array.from({ length: count }, (_, i) => sceneLabel(first + i)),
    pixels: { kind: 'synthetic', first, count },
  };
}
