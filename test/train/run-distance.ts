import { join } from 'node:path';
import type { Config } from '../../src/run/config.js';
import { readSafetensors } from '../../src/run/disk/safetensors-file.js';
import { collect } from '../../src/run/named-tensors.js';
import { weightSections } from '../../src/run/state.js';
import { stepConfig } from '../../src/train/step.js';
import { initialState, weightsOf } from '../../src/train/trainer.js';
import { layouts } from '../../src/world-model/index.js';

/** How far two runs' weights are from each other, as a share of how far training has moved them. */
export function runDistance(run: string, other: string, config: Config): number {
  const settings = stepConfig(config);
  const first = collect(
    weightSections(weightsOf(initialState(settings, config.seed)), layouts(settings.model)),
  );
  const [a, b] = [run, other].map((each) => readSafetensors(join(each, 'model.safetensors')).tensors);
  let [apart, moved] = [0, 0];
  for (const [name, { data: start }] of first) {
    const [one, two] = [a!.get(name)!.data, b!.get(name)!.data];
    for (const [i, value] of start.entries()) {
      apart += (one[i]! - two[i]!) ** 2;
      moved += (two[i]! - value) ** 2;
    }
  }
  return Math.sqrt(apart / moved);
}
