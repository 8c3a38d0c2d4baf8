import {
  type Block,
  blocks,
  blocksSpec,
  type Linear,
  type Norm,
  norm,
  normSpec,
  type ParameterSpec,
  sineCosine,
} from '../nn/index.js';
import {
  add,
  type Dim,
  gatherRows,
  gatherTokens,
  matmulTransposed,
  reshape,
  scope,
  size,
  type Tensor,
  transpose,
} from '../tensor/index.js';

/** Sizes of a vision transformer without a class token. */
export interface EncoderConfig {
  readonly depth: number;
  readonly width: number;
  readonly heads: number;
  /** Side of the square image and of a patch, in pixels. */
  readonly image: number;
  readonly patch: number;
}

/** Patches of an image, and so its tokens. */
export const tokenCount = ({ image, patch }: Pick<EncoderConfig, 'image' | 'patch'>): number =>
  (image / patch) ** 2;

/** Parameters of the encoder; names as in timm and I-JEPA. */
export interface Encoder<T> {
  readonly patch_embed: { readonly proj: Linear<T> };
  readonly blocks: Readonly<Record<string, Block<T>>>;
  readonly norm: Norm<T>;
}

/** Larger patch weights than a transformer's usual .02: at small scale they start faster. */
const PATCH_DEVIATION = 0.15;

export function encoderSpec({ depth, width, patch }: EncoderConfig): Encoder<ParameterSpec> {
  return {
    patch_embed: {
      proj: {
        weight: {
          shape: [width, 3, patch, patch],
          initialise: { normal: PATCH_DEVIATION * Math.min(1, 4 / patch) },
        },
        bias: { shape: [width], initialise: { value: 0 } },
      },
    },
    blocks: blocksSpec(depth, width),
    norm: normSpec(width),
  };
}

/** Images [B, 3, S, S] cut into patches [B, N, 3·p·p], row by row. */
export function patchify(images: Tensor, patch: number): Tensor {
  const batch = images.shape[0] as Dim;
  const side = size(images, -1) / patch;
  const cut = reshape(images, [batch, 3, side, patch, side, patch]);
  return reshape(transpose(cut, [0, 2, 4, 1, 3, 5]), [batch, side * side, 3 * patch * patch]);
}

/**
 * Latents of images.
 * @param images [B, 3, S, S], normalised
 * @param visible token positions to see, int32 [B, V]; all tokens where absent
 * @param wanted of all tokens, only the latents at these positions, int32 [B, P]; not together with `visible`
 * @returns [B, V, P or N, D]
 */
export function encode(
  images: Tensor,
  parameters: Encoder<Tensor>,
  config: EncoderConfig,
  visible?: Tensor,
  wanted?: Tensor,
): Tensor {
  const side = config.image / config.patch;
  const positions = sineCosine(side, side, config.width);
  const patches = patchify(images, config.patch);
  const seen = visible === undefined ? patches : gatherTokens(patches, visible);
  const { weight, bias } = parameters.patch_embed.proj;
  const embedded = scope('patch_embed', () =>
    add(matmulTransposed(seen, reshape(weight, [config.width, 3 * config.patch ** 2])), bias),
  );
  const tokens = add(embedded, visible === undefined ? positions : gatherRows(positions, visible));
  const select = wanted && ((all: Tensor) => gatherTokens(all, wanted));
  return norm(blocks(tokens, parameters.blocks, config.heads, select), parameters.norm);
}
