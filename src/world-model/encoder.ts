import {
  type Block,
  blockOutputs,
  blocksSpec,
  isParameterSpec,
  type Linear,
  type Norm,
  norm,
  normSpec,
  type ParameterSpec,
  sineCosine,
} from '../nn/index.js';
import {
  add,
  concat,
  type Dim,
  gatherRows,
  gatherTokens,
  mapTree,
  matmulTransposed,
  mul,
  reshape,
  scope,
  size,
  slice,
  type Tensor,
  transpose,
} from '../tensor/index.js';
import { type EncoderProgram, encodeByProgram } from './encoder-program.js';

/** How tokens are told their places: computed, or learned with the other weights. */
export const positionings = ['sine-cosine', 'learned'] as const;

/** A vision transformer; where nothing else is said, I-JEPA's. */
export interface EncoderConfig {
  readonly depth: number;
  readonly width: number;
  readonly heads: number;
  /** Side of the square image and of a patch, in pixels. */
  readonly image: number;
  readonly patch: number;
  /** Features inside a block's MLP; four times the width where absent. */
  readonly hidden?: number;
  /** Whether a class token stands before the patches, and how many registers follow it. */
  readonly classToken?: boolean;
  readonly registers?: number;
  readonly positions?: (typeof positionings)[number];
  readonly layerScale?: boolean;
  /** Added to variances in layer normalisation. */
  readonly epsilon?: number;
  /** Which weights a run changes: `all`, `none`, or `last:N`, those of the last N blocks. */
  readonly trained?: string;
  /** The model that it is, where it came as one: then it has no parameters of ours, and depth, heads … only describe it. */
  readonly program?: EncoderProgram | undefined;
}

/** Patches of an image, and so its latents. */
export const tokenCount = ({ image, patch }: Pick<EncoderConfig, 'image' | 'patch'>): number =>
  (image / patch) ** 2;

/** Parameters of the encoder; names as in timm and I-JEPA. */
export interface Encoder<T> {
  /** [1, 1, D]; with its position, where positions are learned. */
  readonly cls_token?: T;
  /** [1, registers, D] */
  readonly reg_token?: T;
  /** Of the patches, [1, N, D]. */
  readonly pos_embed?: T;
  readonly patch_embed: { readonly proj: Linear<T> };
  readonly blocks: Readonly<Record<string, Block<T>>>;
  readonly norm: Norm<T>;
}

/** Larger patch weights than a transformer's usual .02: at small scale they start faster. */
const PATCH_DEVIATION = 0.15;

/** Of the blocks, how many of the last are trained, where `trained` names them. */
const lastBlocks = (trained: string): number => Number(/^last:(\d+)$/.exec(trained)?.[1] ?? 0);

/** The encoder's parameters; those that `trained` leaves are marked as frozen. */
export function encoderSpec(config: EncoderConfig): Encoder<ParameterSpec> {
  if (config.program !== undefined) return {} as Encoder<ParameterSpec>;
  const { depth, width, patch, classToken, registers = 0, positions, trained = 'all', ...sizes } = config;
  const tokens = (count: number): ParameterSpec => ({
    shape: [1, count, width],
    initialise: { normal: 0.02 },
    table: true,
  });
  const spec: Encoder<ParameterSpec> = {
    ...(classToken ? { cls_token: tokens(1) } : {}),
    ...(registers > 0 ? { reg_token: tokens(registers) } : {}),
    ...(positions === 'learned' ? { pos_embed: tokens(tokenCount(config)) } : {}),
    patch_embed: {
      proj: {
        weight: {
          shape: [width, 3, patch, patch],
          initialise: { normal: PATCH_DEVIATION * Math.min(1, 4 / patch) },
        },
        bias: { shape: [width], initialise: { value: 0 } },
      },
    },
    blocks: blocksSpec(depth, width, sizes),
    norm: normSpec(width),
  };
  const firstTrained = depth - lastBlocks(trained);
  const isTrained = (name: string): boolean => {
    const number = /^blocks\.(\d+)\./.exec(name)?.[1];
    return trained === 'all' || (number !== undefined && Number(number) >= firstTrained);
  };
  return mapTree(spec, isParameterSpec, (own, name) =>
    isTrained(name) ? own : { ...own, frozen: true },
  ) as Encoder<ParameterSpec>;
}

/** Images [B, 3, S, S] cut into patches [B, N, 3·p·p], row by row. */
export function patchify(images: Tensor, patch: number): Tensor {
  const batch = images.shape[0] as Dim;
  const side = size(images, -1) / patch;
  const cut = reshape(images, [batch, 3, side, patch, side, patch]);
  return reshape(transpose(cut, [0, 2, 4, 1, 3, 5]), [batch, side * side, 3 * patch * patch]);
}

/**
 * Which latents are wanted of an image, of all its patches where nothing is said: those at the positions to see, int32
 * [B, V], or of all that are seen those at some positions, int32 [B, P].
 */
export type Wanted =
  | { readonly visible?: Tensor | undefined; readonly wanted?: undefined }
  | { readonly visible?: undefined; readonly wanted?: Tensor | undefined };

/**
 * What the blocks give of an image's patches, one after the other; the last is normalised.
 * @param images [B, 3, S, S], normalised
 * @returns [B, V, P or N, D] each
 */
export function encodeThrough(
  images: Tensor,
  parameters: Encoder<Tensor>,
  config: EncoderConfig,
  { visible, wanted }: Wanted = {},
): Tensor[] {
  const { width, patch, heads, epsilon } = config;
  const positions = positionsOf(parameters, config);
  const patches = patchify(images, patch);
  const seen = visible === undefined ? patches : gatherTokens(patches, visible);
  const { weight, bias } = parameters.patch_embed.proj;
  const embedded = scope('patch_embed', () =>
    add(matmulTransposed(seen, reshape(weight, [width, 3 * patch ** 2])), bias),
  );
  const tokens = add(embedded, visible === undefined ? positions : gatherRows(positions, visible));
  const before = [parameters.cls_token, parameters.reg_token].filter((token) => token !== undefined);
  // A sum repeats them for all images also where their number is symbolic.
  const nought = mul(slice(slice(patches, 1, 0, 1), 2, 0, 1), 0);
  const forAll = (token: Tensor): Tensor => add(nought, token);
  const all = before.length === 0 ? tokens : concat([...before.map(forAll), tokens], 1);
  const select = (sequence: Tensor): Tensor => {
    const first = size(sequence, 1) - size(tokens, 1);
    const ofPatches = first === 0 ? sequence : slice(sequence, 1, first, size(sequence, 1));
    return wanted === undefined ? ofPatches : gatherTokens(ofPatches, wanted);
  };
  // The last block computes only what is read of it.
  const chosen = before.length === 0 && wanted === undefined ? {} : { select };
  const outputs = blockOutputs(all, parameters.blocks, heads, { ...chosen, epsilon });
  return outputs.map((output, i) =>
    i === outputs.length - 1 ? norm(output, parameters.norm, epsilon) : select(output),
  );
}

/**
 * What the last block gives of an image's patches; that of a class token and of registers serves them and is not given.
 * @param images [B, 3, S, S], normalised
 * @returns [B, V, P or N, D]
 */
export function encode(
  images: Tensor,
  parameters: Encoder<Tensor>,
  config: EncoderConfig,
  which: Wanted = {},
): Tensor {
  const { width, program } = config;
  if (program === undefined) return encodeThrough(images, parameters, config, which).at(-1) as Tensor;
  const chosen = which.visible ?? which.wanted;
  return encodeByProgram(images, program, { tokens: tokenCount(config), width }, chosen);
}

/** Positions of the patches, [N, D]. */
function positionsOf({ pos_embed }: Encoder<Tensor>, { image, patch, width }: EncoderConfig): Tensor {
  const side = image / patch;
  return pos_embed === undefined ? sineCosine(side, side, width) : reshape(pos_embed, [side * side, width]);
}
