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
  positionings,
  type ViewsConfig,
} from '../world-model/index.js';
import { differences, get, merge, parseSettings, set, type Tree } from './settings.js';

const fraction = z.number().min(0).max(1);
const positive = z.number().positive();
const count = z.int().min(1);
const range = z
  .tuple([z.number().min(0), z.number().min(0)])
  .refine(([low, high]) => low <= high, 'low end above high end');

/** How crops are drawn, see `sampleCrop`, and flipped. */
export const cropSchema = z.strictObject({
  scale: range
    .refine(([low, high]) => low > 0 && high <= 1, 'must be above 0 and at most 1')
    .describe("share of the image's area that a crop takes, smallest and largest"),
  ratio: range
    .refine(([low]) => low > 0, 'must be above 0')
    .describe('width / height of a crop, smallest and largest'),
  flip: fraction.describe('probability of a horizontal flip'),
});

/** Everything that determines a run. Sizes that follow from another by default are filled in by {@link resolve}. */
export const configSchema = z.strictObject({
  preset: z.string().describe('settings that the others are changes of'),
  data: z.array(z.string()).describe('sources of images'),
  from: z
    .strictObject({
      run: z.string().describe('run whose weights are begun with (--from)'),
      sha256: z.string().describe('SHA-256 of its model.safetensors'),
    })
    .optional(),
  limit: count.optional().describe('only this many images, where given'),
  badSamples: fraction.describe(
    'share of the images that may be unreadable: so many are skipped, though always one unless it is 0; one more stops the run',
  ),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .describe('of all randomness'),
  steps: count.describe('updates of the weights'),
  batch: count.describe('images in an update'),
  accumulate: count.describe('parts that a batch is computed in, to save memory; divides batch'),
  sharding: z
    .enum(['none', 'state'])
    .describe(
      'what each of many devices has of weights and moments: all of them, or its share, which saves memory',
    ),
  image: z.strictObject({
    stored: count.describe('side of the images as they are kept decoded, pixels'),
    size: count.describe('side of the views that the model sees, pixels'),
    patch: count.describe('side of a patch, pixels; divides size'),
  }),
  normalisation: z.strictObject({
    mean: z
      .tuple([z.number(), z.number(), z.number()])
      .describe('taken from red, green and blue (0 … 1) before the encoder'),
    std: z.tuple([positive, positive, positive]).describe('what they are divided by then'),
  }),
  encoder: z.strictObject({
    depth: count.describe('blocks'),
    width: count.describe('features of a patch; heads, predictor and learning rate follow it'),
    heads: count.describe('attention heads; divides width'),
    hidden: count.describe("features inside a block's MLP"),
    classToken: z.boolean().describe('whether a class token stands before the patches'),
    registers: z.int().min(0).describe('register tokens before the patches'),
    positions: z.enum(positionings).describe('how patches are told their places'),
    layerScale: z.boolean().describe('whether what a block adds is scaled, feature by feature'),
    epsilon: positive.describe('added to variances in layer normalisation'),
    trained: z
      .string()
      .regex(/^(all|none|last:[1-9]\d*)$/, 'give all, none or last:N (of its blocks)')
      .describe('what of it is trained: all, none, or last:N, its last N blocks'),
    source: z
      .strictObject({
        name: z.string().describe('encoder whose weights are begun with (--encoder)'),
        sha256: z.string().describe('SHA-256 of its file'),
      })
      .optional(),
    program: z
      .strictObject({
        output: z.string().describe('its output that holds the latents'),
        sees: z
          .literal('whole image')
          .describe('what the latents of visible patches have seen: a model takes no mask'),
        prefix: z.int().min(0).describe("tokens before the patches'"),
        parameters: z.int().min(0).describe('its weights'),
        multiplyAdds: z.int().min(0).describe('of its products, for one image'),
      })
      .optional()
      .describe('where the encoder is an ONNX model that is run as it is: what was found in it'),
  }),
  predictor: z.strictObject({
    depth: count.describe('blocks'),
    width: count.describe('features of a token'),
    heads: count.describe('attention heads; divides width'),
    conditioning: z
      .enum(conditionings as [string, ...string[]])
      .describe('how it is told the action: with the features of each mask token, or as a token'),
  }),
  masks: z.strictObject({
    visible: count.describe('patches of the source that the encoder sees'),
    predicted: count.describe('patches of the target that are predicted'),
  }),
  augmentation: z.strictObject({
    strength: z.number().min(0).describe('factor of all jitters'),
    jitter: z.strictObject({
      probability: fraction.describe('that a view is jittered'),
      brightness: z.number().min(0).describe('largest change of the factor'),
      contrast: z.number().min(0).describe('largest change of the factor'),
      saturation: z.number().min(0).describe('largest change of the factor'),
      hue: z.number().min(0).max(0.5).describe('largest turn, in circles'),
    }),
    grayscale: fraction.describe('probability, source only'),
    blur: z.strictObject({
      probability: fraction.describe('source only'),
      sigma: range.describe('smallest and largest, pixels'),
    }),
    solarize: fraction.describe('probability, source only'),
    crop: cropSchema,
  }),
  optimiser: z.strictObject({
    learningRate: positive.describe('at its peak'),
    warmup: fraction.describe('share of the steps in which the learning rate rises'),
    final: fraction.describe('learning rate at the end, as a share of its peak'),
    betas: z
      .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
      .describe("share of AdamW's mean and variance kept at a step"),
    weightDecay: z
      .tuple([z.number().min(0), z.number().min(0)])
      .describe('first and last, half a cosine between'),
    clip: positive.describe('largest norm of the gradient'),
  }),
  ema: z
    .tuple([fraction, fraction])
    .describe('share of the target encoder kept at a step: first and last, linear between'),
  log: z.strictObject({ every: count.describe('steps from one logged line to the next') }),
  health: z.strictObject({
    every: count
      .optional()
      .describe('steps from one health check to the next; where absent, by what it costs'),
    images: count
      .optional()
      .describe('held-out images whose versions are ranked; where absent, by what it costs'),
  }),
  checkpoint: z.strictObject({
    every: count.describe('steps from one checkpoint to the next'),
    keep: count.describe('checkpoints that are kept'),
  }),
});

/** A whole, valid configuration. */
export type Config = z.infer<typeof configSchema>;

/** Side of the images that are kept, as a multiple of a view's: crops take less than all of an image. */
const STORED = 8 / 7;

const imagenet: { mean: [number, number, number]; std: [number, number, number] } = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** What presets share: the paper's recipe, with I-JEPA's as proxy where it is silent. */
const common = {
  data: [],
  badSamples: 0.01,
  seed: 0,
  accumulate: 1,
  sharding: 'none',
  normalisation: imagenet,
  encoder: {
    classToken: false,
    registers: 0,
    positions: 'sine-cosine',
    layerScale: false,
    epsilon: 1e-6,
    trained: 'all',
  },
  predictor: { conditioning: 'feature' },
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
    masks: { visible: 7, predicted: 6 },
    ema: [0.97, 0.998],
    optimiser: { learningRate: 2e-3 },
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
    predictor: { depth: 18 },
    optimiser: { learningRate: 1e-3, weightDecay: [0.04, 0.4], betas: [0.9, 0.999] },
    ema: [0.996, 1],
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
    encoder: { heads: heads(width), hidden: 4 * width },
    predictor: { width: predictorWidth, heads: heads(predictorWidth) },
    masks,
    optimiser: { learningRate: 1.5e-3 * Math.sqrt(96 / width) },
    checkpoint: { every },
  };
}

/** A preset with settings by dotted key, and what follows from both; not checked. */
export function complete(preset: string, settings: Readonly<Record<string, unknown>>): Tree {
  const given = set(merge(merge(common, presets[preset] ?? {}), { preset }), settings);
  return merge(derived(given), given);
}

/**
 * The whole configuration of a run.
 * @param preset name in {@link presets}
 * @param settings values by dotted key (`predictor.depth`), which win over the preset
 * @throws UserError (exit code 2) naming an unknown preset or key, or a value out of range
 */
export function resolve(preset: string, settings: Readonly<Record<string, unknown>> = {}): Config {
  presetNamed(preset);
  return check(complete(preset, settings));
}

/** A preset. @throws UserError where there is none of the name */
function presetNamed(name: string): Tree {
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (preset !== undefined) return preset;
  throw new UserError(`unknown preset "${name}"; presets are ${Object.keys(presets).join(', ')}`, 2);
}

/** What an encoder from elsewhere settles of a configuration. */
export interface Settled {
  readonly encoder: Partial<Omit<Config['encoder'], 'trained'>>;
  readonly image: { readonly size: number; readonly patch: number };
  /** Absent where it is not told. */
  readonly normalisation?: Config['normalisation'];
}

/**
 * The configuration of a run on an encoder from elsewhere, which is frozen unless it is set otherwise: that one's sizes,
 * and of the preset what does not go with sizes. Its images may be of another size, and normalised otherwise.
 * @throws UserError as {@link resolve}, and where what it settles is set otherwise
 */
export function adopt(
  preset: string,
  { encoder, image, normalisation = imagenet }: Settled,
  settings: Readonly<Record<string, unknown>>,
): Config {
  const given = set({}, settings);
  for (const [part, settled] of Object.entries({ encoder, image: { patch: image.patch } }))
    for (const [name, own] of Object.entries(settled)) {
      const wanted = get(given, `${part}.${name}`);
      if (wanted === undefined || wanted === own) continue;
      const told = [wanted, own].map((value) => JSON.stringify(value));
      throw new UserError(
        `${part}.${name} ${told[0]}: of the encoder that is given it is ${told[1]}; leave it out`,
        2,
      );
    }
  const { image: _image, encoder: _encoder, masks: _masks, ...course } = presetNamed(preset);
  const size = Number(get(given, 'image.size') ?? image.size);
  const own = {
    preset,
    encoder: { ...encoder, trained: 'none' },
    image: { ...image, stored: Math.round(STORED * size) },
    normalisation,
  };
  const whole = merge(merge(merge(common, course), own), given);
  return check(merge(derived(whole), whole));
}

/** A configuration with values set by dotted key; what was derived from the old ones stays. @throws as {@link resolve} */
export function amend(config: Config, settings: Readonly<Record<string, unknown>>): Config {
  return check(set(config, settings));
}

/**
 * The configuration of a run that begins with another's weights: that one's, but for what is set.
 * @throws UserError as {@link resolve}, and where the model would be of another size
 */
export function succeed(
  { checkpoint, ...config }: Config,
  from: NonNullable<Config['from']>,
  settings: Readonly<Record<string, unknown>>,
): Config {
  const given = set({ ...config, from, checkpoint: { keep: checkpoint.keep } }, settings);
  const successor = check(merge(derived(given), given));
  // Where positions are computed, the image may be of another size; what is trained may change.
  const sizes = ({ encoder, predictor }: ModelConfig) => ({
    encoder: { ...encoder, image: encoder.positions === 'learned' ? encoder.image : 0, trained: '' },
    predictor,
  });
  const before = modelConfig({ ...config, checkpoint });
  const other = differences(sizes(before), sizes(modelConfig(successor)));
  if (other.length > 0) {
    const changes = other.map(({ key, before, now }) => `${key} ${before}, now ${now}`).join('; ');
    throw new UserError(
      `${from.run} has a model of another size: ${changes}; leave the sizes as they are`,
      2,
    );
  }
  return successor;
}

/** Checks a whole configuration, e.g. one read from a run folder. @throws UserError */
export function check(given: unknown): Config {
  const config = parseSettings(configSchema, given);
  const demand = (holds: boolean, message: string): void => {
    if (!holds) throw new UserError(`configuration: ${message}`, 2);
  };
  for (const part of ['encoder', 'predictor'] as const) {
    const { width, heads } = config[part];
    demand(width % heads === 0, `${part}.width ${width} is not divisible by ${part}.heads ${heads}`);
    demand(width % 4 === 0, `${part}.width ${width} is not a multiple of 4, as sine-cosine positions need`);
  }
  const { trained, depth, program, source } = config.encoder;
  demand(
    program === undefined || (trained === 'none' && source !== undefined),
    `encoder.trained ${trained}: an encoder that is an ONNX model is never trained; leave it out`,
  );
  demand(
    Number(/\d+$/.exec(trained)?.[0] ?? 0) <= depth,
    `encoder.trained ${trained} is more than its ${depth} blocks`,
  );
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
  const { source, program, ...own } = encoder;
  return {
    encoder: {
      ...own,
      ...(program && source ? { program: { name: source.sha256, ...program } } : {}),
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
