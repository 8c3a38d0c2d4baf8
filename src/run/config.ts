import { UserError } from '../errors.js';
import {
  checkMaskCounts,
  defaultMaskCounts,
  type ModelConfig,
  paperRectangles,
  patchGrid,
  type ViewsConfig,
} from '../world-model/index.js';
import { type Config, configSchema } from './config-schema.js';
import { common, imagenet, presetNamed, presets } from './presets.js';
import { differences, get, merge, parseSettings, set, type Tree } from './settings.js';

export type { Config } from './config-schema.js';

/** Side of the images that are kept, as a multiple of a view's: crops take less than all of an image. */
const STORED = 8 / 7;

/** Blocks whose latents are predicted, where there are so many: early ones keep colours. */
const TARGET_BLOCKS = 4;

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
    encoder: {
      heads: heads(width),
      hidden: 4 * width,
      targetBlocks: Math.min(TARGET_BLOCKS, read('encoder.depth')),
    },
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
    // A world model of that encoder's own latents.
    encoder: { ...encoder, targetBlocks: 1, trained: 'none' },
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
  // Where positions are computed, the image may be of another size; what is trained and predicted may change.
  const sizes = ({ encoder, predictor }: ModelConfig) => ({
    encoder: {
      ...encoder,
      image: encoder.positions === 'learned' ? encoder.image : 0,
      targetBlocks: 0,
      trained: '',
    },
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
  const { trained, depth, targetBlocks, program, source } = config.encoder;
  demand(
    program === undefined || (trained === 'none' && source !== undefined),
    `encoder.trained ${trained}: an encoder that is an ONNX model is never trained; leave it out`,
  );
  demand(
    program === undefined || targetBlocks === 1,
    `encoder.targetBlocks ${targetBlocks}: an encoder that is an ONNX model gives the latents of its last block alone; leave it out`,
  );
  demand(targetBlocks <= depth, `encoder.targetBlocks ${targetBlocks} is more than its ${depth} blocks`);
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
