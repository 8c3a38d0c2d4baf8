import { z } from 'zod';
import { UserError } from '../errors.js';
import {
  checkMaskCounts,
  conditionings,
  defaultMaskCounts,
  type ModelConfig,
  paperAugmentation,
  paperRectangles,
  patchGrid,
  type ViewsConfig,
} from '../world-model/index.js';
import { get, merge, parseSettings, set, type Tree } from './settings.js';

const fraction = z.number().min(0).max(1);
const positive = z.number().positive();
const count = z.int().min(1);
const range = z
  .tuple([z.number().min(0), z.number().min(0)])
  .refine(([low, high]) => low <= high, 'low end above high end');

/** How crops are drawn, see `sampleCrop`, and flipped. */
export const cropSchema = z.strictObject({
  /** Share of the image's area. */
  scale: range.refine(([low, high]) => low > 0 && high <= 1, 'must be above 0 and at most 1'),
  /** Width / height. */
  ratio: range.refine(([low]) => low > 0, 'must be above 0'),
  /** Probability of a horizontal flip. */
  flip: fraction,
});

/** Everything that determines a run. Sizes that follow from another by default are filled in by {@link resolve}. */
const schema = z.strictObject({
  preset: z.string(),
  data: z.array(z.string()).min(1),
  /** Only this many images, where given. */
  limit: count.optional(),
  /** Share of the images that may be unreadable: so many are skipped, though always one unless it is 0; one more stops the run. */
  badSamples: fraction,
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1),
  steps: count,
  batch: count,
  /** Runs of the step program whose gradients make one update; divides `batch`. */
  accumulate: count,
  /** Side of the stored images, of the views, and of a patch, in pixels. */
  image: z.strictObject({ stored: count, size: count, patch: count }),
  normalisation: z.strictObject({
    mean: z.tuple([z.number(), z.number(), z.number()]),
    std: z.tuple([positive, positive, positive]),
  }),
  encoder: z.strictObject({ depth: count, width: count, heads: count, frozen: z.boolean() }),
  predictor: z.strictObject({
    depth: count,
    width: count,
    heads: count,
    conditioning: z.enum(conditionings as [string, ...string[]]),
  }),
  masks: z.strictObject({ visible: count, predicted: count }),
  augmentation: z.strictObject({
    strength: z.number().min(0),
    jitter: z.strictObject({
      probability: fraction,
      brightness: z.number().min(0),
      contrast: z.number().min(0),
      saturation: z.number().min(0),
      hue: z.number().min(0).max(0.5),
    }),
    grayscale: fraction,
    blur: z.strictObject({ probability: fraction, sigma: range }),
    solarize: fraction,
    crop: cropSchema,
  }),
  optimiser: z.strictObject({
    learningRate: positive,
    /** Share of the steps in which the learning rate rises. */
    warmup: fraction,
    /** Learning rate at the end, as a share of its peak. */
    final: fraction,
    betas: z.tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)]),
    /** First and last; cosine between. */
    weightDecay: z.tuple([z.number().min(0), z.number().min(0)]),
    clip: positive,
  }),
  /** Share of the target encoder kept at a step: first and last, linear between. */
  ema: z.tuple([fraction, fraction]),
  log: z.strictObject({ every: count }),
  health: z.strictObject({ every: count, images: count }),
  checkpoint: z.strictObject({ every: count, keep: count }),
});

/** A whole, valid configuration. */
export type Config = z.infer<typeof schema>;

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** What presets share: the paper's recipe, with I-JEPA's as proxy where it is silent. */
const common = {
  data: ['synthetic'],
  badSamples: 0.01,
  seed: 0,
  accumulate: 1,
  normalisation: imagenet,
  encoder: { frozen: false },
  predictor: { conditioning: 'feature' },
  augmentation: paperAugmentation,
  optimiser: { warmup: 0.1, final: 0.001, betas: [0.9, 0.95], weightDecay: [0.04, 0.04], clip: 1 },
  ema: [0.98, 0.9995],
  log: { every: 10 },
  checkpoint: { keep: 2 },
};

/** A run's settings by name. `encoder.width` is the dial: heads, predictor and learning rate follow it. */
export const presets: Readonly<Record<string, Tree>> = {
  demo: {
    steps: 2400,
    batch: 64,
    image: { stored: 32, size: 32, patch: 8 },
    encoder: { depth: 3, width: 96 },
    predictor: { depth: 3 },
    masks: { visible: 7, predicted: 6 },
    ema: [0.97, 0.998],
    optimiser: { learningRate: 2e-3 },
    health: { images: 32 },
  },
  cifar: {
    steps: 10000,
    batch: 64,
    image: { stored: 32, size: 32, patch: 4 },
    encoder: { depth: 8, width: 96 },
    predictor: { depth: 6 },
    // A quarter of the image is seen: with more of it the predictor reads neighbours and learns less of the action.
    masks: { visible: 16, predicted: 12 },
    optimiser: { learningRate: 1.5e-3 },
    health: { images: 64 },
  },
  small: {
    steps: 50000,
    batch: 64,
    image: { stored: 128, size: 96, patch: 8 },
    encoder: { depth: 8, width: 256 },
    predictor: { depth: 8 },
    health: { images: 64 },
  },
  'vit-b16': {
    steps: 187500,
    batch: 2048,
    accumulate: 512,
    image: { stored: 256, size: 224, patch: 16 },
    encoder: { depth: 12, width: 768 },
    predictor: { depth: 18 },
    optimiser: { learningRate: 1e-3, weightDecay: [0.04, 0.4], betas: [0.9, 0.999] },
    ema: [0.996, 1],
    health: { images: 64 },
  },
};

/** Sizes that follow from others where nobody set them. */
function derived(given: Tree): Tree {
  const read = (path: string): number => get(given, path) as number;
  const width = read('encoder.width');
  const predictorWidth = read('predictor.width') ?? (width >= 384 ? width / 2 : width);
  const heads = (of: number): number => Math.max(1, Math.round(of / (of >= 256 ? 64 : 32)));
  const steps = read('steps');
  const every = Math.max(1, Math.ceil(steps / 5));
  const grid = patchGrid({ size: read('image.size'), patch: read('image.patch') });
  // A grid that is none is refused by check, with a line about the image.
  const whole = Number.isInteger(grid.rows) && grid.rows > 0;
  const masks = whole ? defaultMaskCounts(grid) : { visible: 1, predicted: 1 };
  return {
    encoder: { heads: heads(width) },
    predictor: { width: predictorWidth, heads: heads(predictorWidth) },
    masks,
    optimiser: { learningRate: 1.5e-3 * Math.sqrt(96 / width) },
    health: { every },
    checkpoint: { every },
  };
}

/**
 * The whole configuration of a run.
 * @param preset name in {@link presets}
 * @param settings values by dotted key (`predictor.depth`), which win over the preset
 * @throws UserError (exit code 2) naming an unknown preset or key, or a value out of range
 */
export function resolve(preset: string, settings: Readonly<Record<string, unknown>> = {}): Config {
  const chosen = Object.hasOwn(presets, preset) ? presets[preset] : undefined;
  if (chosen === undefined)
    throw new UserError(`unknown preset "${preset}"; presets are ${Object.keys(presets).join(', ')}`, 2);
  const given = set(merge(merge(common, chosen), { preset }), settings);
  return check(merge(derived(given), given));
}

/** A configuration with values set by dotted key; what was derived from the old ones stays. @throws as {@link resolve} */
export function amend(config: Config, settings: Readonly<Record<string, unknown>>): Config {
  return check(set(config, settings));
}

/** Checks a whole configuration, e.g. one read from a run folder. @throws UserError */
export function check(given: unknown): Config {
  const config = parseSettings(schema, given);
  const demand = (holds: boolean, message: string): void => {
    if (!holds) throw new UserError(`configuration: ${message}`, 2);
  };
  for (const part of ['encoder', 'predictor'] as const) {
    const { width, heads } = config[part];
    demand(width % heads === 0, `${part}.width ${width} is not divisible by ${part}.heads ${heads}`);
    demand(width % 4 === 0, `${part}.width ${width} is not a multiple of 4, as sine-cosine positions need`);
  }
  demand(
    config.image.size % config.image.patch === 0,
    `image.size ${config.image.size} is not divisible by image.patch ${config.image.patch}`,
  );
  demand(
    config.batch % config.accumulate === 0,
    `batch ${config.batch} is not divisible by accumulate ${config.accumulate}`,
  );
  checkMaskCounts(patchGrid(config.image), config.masks);
  return config;
}

/** The part of a configuration that the model is built from. */
export function modelConfig({ encoder, predictor, image }: Config): ModelConfig {
  return {
    encoder: {
      depth: encoder.depth,
      width: encoder.width,
      heads: encoder.heads,
      image: image.size,
      patch: image.patch,
    },
    predictor: predictor as ModelConfig['predictor'],
  };
}

/** The part of a configuration that a model is evaluated by. */
export function evaluatorConfig(config: Config) {
  const { normalisation, augmentation } = config;
  return { model: modelConfig(config), normalisation, augmentation, image: viewsConfig(config).image };
}

/** The part of a configuration that views are made by. */
export function viewsConfig({ image, augmentation, masks }: Config): ViewsConfig {
  return {
    image: { height: image.stored, width: image.stored },
    size: image.size,
    patch: image.patch,
    augmentation,
    masks: { ...masks, ...paperRectangles },
  };
}
