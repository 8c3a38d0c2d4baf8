// Writes what step.py starts from: configurations, weights, images, sampled views and masks, and rates.
// Run before it: node --import tsx test/oracle/step-inputs.ts
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Entry, type Flat, initialise, type Layout, view } from '../../src/nn/index.js';
import { random } from '../../src/random.js';
import { writeSafetensors } from '../../src/run/disk/safetensors-file.js';
import { rates } from '../../src/train/schedule.js';
import type { StepConfig } from '../../src/train/step.js';
import { blurKernelSize, sampleCrop } from '../../src/world-model/geometry.js';
import {
  type Conditioning,
  conditionings,
  layouts,
  patchGrid,
  sampleMasks,
} from '../../src/world-model/index.js';
import { paperRectangles } from '../../src/world-model/masks.js';
import { paperAugmentation, sampleParameters } from '../../src/world-model/transformations.js';

const STEPS = 10;
const SEED = 7;
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** Widths, heads and sides differ wherever they may, so that no one of them can stand in for another. */
function configure(
  conditioning: Conditioning,
  accumulate: number,
  trained: string,
  targetBlocks = 1,
): StepConfig {
  return {
    model: {
      encoder: { depth: 2, width: 16, heads: 2, image: 16, patch: 4, trained, targetBlocks },
      predictor: { depth: 2, width: 12, heads: 3, conditioning },
    },
    views: {
      image: { height: 20, width: 18 },
      size: 16,
      patch: 4,
      // Every transformation is frequent.
      augmentation: {
        ...paperAugmentation,
        grayscale: 0.4,
        blur: { probability: 0.5, sigma: [0.1, 2] },
        solarize: 0.4,
      },
      masks: { visible: 7, predicted: 4, predictedVisible: 2 / 7, ...paperRectangles },
    },
    normalisation: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    batch: 4,
    share: 1,
    accumulate,
    precision: 'float32',
    betas: [0.9, 0.95],
    // Some of the steps are clipped, some are not.
    clip: 2.5,
  };
}

const cases = {
  none: configure('none', 1, 'all'),
  sequence: configure('sequence', 2, 'all'),
  feature: configure('feature', 1, 'all'),
  adaln: configure('adaln', 1, 'all', 2),
  frozen: configure('feature', 1, 'none'),
  last: configure('feature', 1, 'last:1'),
};
const { views, batch } = cases.none;

const optimiser = {
  learningRate: 3e-3,
  warmup: 0.3,
  final: 0.1,
  betas: [0.9, 0.95] as [number, number],
  clip: 2.5,
};
const schedule = {
  steps: STEPS,
  optimiser: { ...optimiser, weightDecay: [0.2, 1] as [number, number] },
  ema: [0.9, 0.99] as [number, number],
};

const pool = 8;
const noise = random(SEED, 0);
const pixels = Float32Array.from({ length: pool * 3 * views.image.height * views.image.width }, () =>
  noise.next(),
);

/** One pair of views of one image of the pool, as numbers that any library can follow. */
function pair(number: number) {
  const numbers = (use: number) => random(SEED, 1, number, use);
  const masks = sampleMasks(numbers(5), patchGrid(views), views.masks);
  return {
    image: numbers(0).integer(pool),
    crop: sampleCrop(numbers(1), views.image, views.augmentation.crop),
    flip: numbers(2).chance(0.5),
    source: sampleParameters(numbers(3), views.augmentation, 'source'),
    target: sampleParameters(numbers(4), views.augmentation, 'target'),
    visible: [...masks.visible],
    predicted: [...masks.predicted],
  };
}

/** Random numbers for every parameter, also for those that start at 0 or 1, so that all of them matter. */
function weights<P>(layout: Layout<P>, stream: number): [Entry, Float32Array][] {
  const flat: Flat<Float32Array> = initialise(layout, SEED, stream);
  const numbers = random(SEED, 2, stream);
  return layout.entries.map((entry) => [
    entry,
    view(flat, entry).map((value) => value + (entry.group === 'vectors' ? 0.2 : 0.02) * numbers.normal()),
  ]);
}

const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>([
  ['images', { shape: [pool, 3, views.image.height, views.image.width], data: pixels }],
]);
function keep(prefix: string, named: readonly [Entry, Float32Array][]): void {
  for (const [{ name, shape }, data] of named) tensors.set(`${prefix}.${name}`, { shape, data });
}
keep('encoder', weights(layouts(cases.none.model).encoder, 0));
keep('target_encoder', weights(layouts(cases.none.model).encoder, 1));
conditionings.forEach((conditioning, i) => {
  const { model } = configure(conditioning, 1, 'all');
  keep(`predictor.${conditioning}`, weights(layouts(model).predictor, 2 + i));
});
writeSafetensors(fixture('step-inputs.safetensors'), { tensors, metadata: {} });

const count = batch * Math.max(...Object.values(cases).map(({ accumulate }) => accumulate));
const inputs = {
  blurKernel: blurKernelSize(views.size),
  cases,
  rates: Array.from({ length: STEPS }, (_, step) => rates(schedule, step)),
  pairs: Array.from({ length: STEPS }, (_, step) =>
    Array.from({ length: count }, (_, sample) => pair(step * count + sample)),
  ),
};
writeFileSync(fixture('step-inputs.json'), `${JSON.stringify(inputs)}\n`);
