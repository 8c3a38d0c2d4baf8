import { type Layout, trainedPart, view } from '../../src/nn/index.js';
import type { Config } from '../../src/run/config.js';
import type { Trainable } from '../../src/run/state.js';
import { stepConfig } from '../../src/train/step.js';
import { initialState } from '../../src/train/trainer.js';
import { layouts } from '../../src/world-model/index.js';

/**
 * How far the weights of two trainings of a configuration are apart, as a share of how far the second have come. Biases
 * of keys are left out: their true gradient is zero, and Adam makes steps of what rounding leaves.
 */
export function apart(config: Config, here: Trainable<Float32Array>, there: Trainable<Float32Array>): number {
  const settings = stepConfig(config);
  const before = initialState(settings, config.seed).state.weights;
  const parts = layouts(settings.model);
  let [difference, change] = [0, 0];
  for (const part of ['encoder', 'predictor'] as const)
    for (const entry of trainedPart(parts[part] as Layout<unknown>).entries) {
      const [a, b, first] = [here, there, before].map((weights) => view(weights[part], entry));
      const third = entry.name.endsWith('attn.qkv.bias') ? a!.length / 3 : 0;
      a!.forEach((value, i) => {
        if (i >= third && i < 2 * third) return;
        difference += (value - b![i]!) ** 2;
        change += (b![i]! - first![i]!) ** 2;
      });
    }
  return Math.sqrt(difference / change);
}
