import { z } from 'zod';
import { UserError } from '../errors.js';
import { readJson } from '../json-file.js';
import type { EncoderFiles } from './encoder-files.js';

/** What the weights of an encoder do not tell. */
export interface Facts {
  readonly heads: number;
  /** Added to variances in layer normalisation. */
  readonly epsilon: number;
  /** Side of the images that it is fed, pixels. */
  readonly image: number;
  /** What is taken from red, green and blue, and what they are divided by; absent where it is not told. */
  readonly normalisation: { readonly mean: Colours; readonly std: Colours } | undefined;
  /** Whether the original smooths its positions where it brings them to fewer patches. */
  readonly antialias: boolean;
}

type Colours = [number, number, number];

const count = z.int().min(1);
/** A number, or twice the same. */
const side = z.union([
  count,
  z
    .tuple([count, count])
    .refine(([height, width]) => height === width)
    .transform(([height]) => height),
]);
const colours = z.tuple([z.number(), z.number(), z.number()]);

/** Kinds of transformers' models that are read; for each, whether it smooths its positions. */
const kinds: Readonly<Record<string, boolean>> = {
  ijepa: false,
  vit: false,
  dinov2: false,
  dinov2_with_registers: true,
};

/** By whom a configuration was written, and of what. */
const naming = z.object({ architecture: z.string().optional(), model_type: z.string().optional() });

const transformersConfig = z.object({
  num_attention_heads: count,
  layer_norm_eps: z.number().positive(),
  hidden_act: z.unknown(),
  image_size: z.unknown(),
});

const square = z.object({ height: count, width: count }).refine(({ height, width }) => height === width);
const preprocessorConfig = z.object({
  crop_size: z.union([count, square]).nullish(),
  size: z.union([count, square, z.object({ shortest_edge: count })]).nullish(),
  do_center_crop: z.boolean().nullish(),
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().nullish(),
  do_normalize: z.boolean().nullish(),
  image_mean: colours.nullish(),
  image_std: colours.nullish(),
});

const timmConfig = z.object({
  architecture: z.string(),
  model_args: z.object({ num_heads: count.nullish(), img_size: side.nullish() }).optional(),
  pretrained_cfg: z.object({
    input_size: z.tuple([z.literal(3), count, count]),
    mean: colours,
    std: colours,
  }),
});

/** Attention heads of timm's vision transformers by the size in their names; its files do not tell them. */
const timmHeads: Readonly<Record<string, number>> = {
  tiny: 3,
  small: 6,
  base: 12,
  large: 16,
  huge: 16,
  giant: 16,
  gigantic: 16,
};

/** Reads what an encoder's weights do not tell. @throws UserError for an encoder of another kind, or what cannot be read */
export function readFacts(files: EncoderFiles): Facts {
  const { config: file } = files;
  const config = readJson(file);
  const { architecture, model_type: kind } = naming.safeParse(config).data ?? {};
  if (architecture !== undefined) return timmFacts(parse(timmConfig, config, file), file);
  if (kind === undefined)
    throw new UserError(
      `${file}: names neither a model_type, as transformers does, nor an architecture, as timm; a run of iwm is begun from with --from`,
    );
  const antialias = kinds[kind];
  if (antialias === undefined) throw otherKind(file, kind);
  return { ...transformersFacts(parse(transformersConfig, config, file), files), antialias };
}

function transformersFacts(
  config: z.infer<typeof transformersConfig>,
  files: EncoderFiles,
): Omit<Facts, 'antialias'> {
  if (config.hidden_act !== 'gelu')
    throw new UserError(`${files.config}: hidden_act is ${config.hidden_act}; only gelu is computed`);
  const given =
    files.preprocessor === undefined
      ? {}
      : parse(preprocessorConfig, readJson(files.preprocessor), files.preprocessor);
  const { rescale_factor: factor, do_rescale: rescales } = given;
  if (rescales === false || Math.abs((factor ?? 1 / 255) * 255 - 1) > 1e-3)
    throw new UserError(`${files.preprocessor}: pixels are not scaled to 0 … 1 (do_rescale, rescale_factor)`);
  const own = side.safeParse(config.image_size);
  const image = sideOf(given) ?? own.data;
  if (image === undefined) throw new UserError(`${files.config}: image_size is no size of a square`);
  const { image_mean: mean, image_std: std } = given;
  const plain = { mean: [0, 0, 0] as Colours, std: [1, 1, 1] as Colours };
  const told = mean && std ? { mean, std } : undefined;
  return {
    heads: config.num_attention_heads,
    epsilon: config.layer_norm_eps,
    image,
    normalisation: given.do_normalize === false ? plain : told,
  };
}

/** Side of the images that a preprocessor makes; undefined where it does not tell. */
function sideOf({ crop_size, size, do_center_crop }: z.infer<typeof preprocessorConfig>): number | undefined {
  const made = do_center_crop === false ? size : (crop_size ?? size);
  if (typeof made === 'number') return made;
  if (!made) return undefined;
  return 'height' in made ? made.height : made.shortest_edge;
}

function timmFacts(config: z.infer<typeof timmConfig>, file: string): Facts {
  const { architecture, model_args, pretrained_cfg } = config;
  const size = /^(?:vit|deit3?)_([a-z]+)/.exec(architecture)?.[1];
  if (size === undefined) throw otherKind(file, architecture);
  const heads = model_args?.num_heads ?? timmHeads[size];
  if (heads === undefined)
    throw new UserError(
      `${file}: how many heads ${architecture} has is not known; write "model_args": {"num_heads": N} into it`,
    );
  const { mean, std, input_size } = pretrained_cfg;
  const image = model_args?.img_size ?? input_size[1];
  return { heads, epsilon: 1e-6, image, normalisation: { mean, std }, antialias: true };
}

const otherKind = (file: string, kind: string): UserError =>
  new UserError(
    `${file}: an encoder of another kind (${kind}); read are transformers' ${Object.keys(kinds).join(', ')}, and timm's vit_… and deit_…`,
  );

function parse<T>(schema: z.ZodType<T>, given: unknown, file: string): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new UserError(`${file}: ${issue?.path.join('.') || 'its content'}: ${issue?.message ?? 'not valid'}`);
}
