import { UserError } from '../errors.js';
import { paperAugmentation } from '../world-model/index.js';
import type { Tree } from './settings.js';

/** Of ImageNet's images, which encoders are mostly trained on. */
export const imagenet: { mean: [number, number, number]; std: [number, number, number] } = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/**
 * What presets share: the paper's recipe, with I-JEPA's as proxy where it is silent, and what made world models better here:
 * the action told by adaptive normalisation, and a loss on what is seen too. Of how many blocks the latents are predicted
 * follows from the depth, see `derived`.
 */
export const common = {
  data: [],
  badSamples: 0.01,
  seed: 0,
  accumulate: 1,
  sharding: 'none',
  precision: 'float32',
  normalisation: imagenet,
  encoder: {
    classToken: false,
    registers: 0,
    positions: 'sine-cosine',
    layerScale: false,
    epsilon: 1e-6,
    trained: 'all',
  },
  predictor: { conditioning: 'adaln' },
  masks: { predictedVisible: 1 },
  augmentation: paperAugmentation,
  optimiser: { warmup: 0.1, final: 0.001, betas: [0.9, 0.95], weightDecay: [0.04, 0.04], clip: 1 },
  ema: [0.98, 0.9995],
  log: { every: 10 },
  health: {},
  checkpoint: { keep: 2 },
};

/** A run's settings by name. `encoder.width` is the dial: heads, predictor and learning rate follow it. */
export const presets: Readonly<Record<string, Tree>> = {
  demo: {
    data: ['synthetic'],
    steps: 2400,
    batch: 64,
    image: { stored: 32, size: 32, patch: 8 },
    encoder: { depth: 3, width: 96 },
    predictor: { depth: 3 },
    masks: { visible: 7, predicted: 2 },
    ema: [0.97, 0.998],
    optimiser: { learningRate: 2e-3 },
  },
  cifar: {
    steps: 7000,
    batch: 64,
    image: { stored: 32, size: 32, patch: 4 },
    encoder: { depth: 8, width: 96 },
    predictor: { depth: 6 },
    // A quarter of the image is seen: with more of it the predictor reads neighbours and learns less of the action.
    masks: { visible: 16, predicted: 8 },
    optimiser: { learningRate: 1.5e-3 },
  },
  small: {
    steps: 50000,
    batch: 64,
    image: { stored: 128, size: 96, patch: 8 },
    encoder: { depth: 8, width: 256 },
    predictor: { depth: 8 },
  },
  'vit-b16': {
    steps: 187500,
    batch: 2048,
    accumulate: 512,
    image: { stored: 256, size: 224, patch: 16 },
    encoder: { depth: 12, width: 768 },
    // As published.
    predictor: { depth: 18, conditioning: 'feature', targetBlocks: 1 },
    masks: { predictedVisible: 0 },
    optimiser: { learningRate: 1e-3, weightDecay: [0.04, 0.4], betas: [0.9, 0.999] },
    ema: [0.996, 1],
  },
};

/** A preset. @throws UserError where there is none of the name */
export function presetNamed(name: string): Tree {
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (preset !== undefined) return preset;
  throw new UserError(`unknown preset "${name}"; presets are ${Object.keys(presets).join(', ')}`, 2);
}
