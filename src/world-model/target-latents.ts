import { add, mul, standardise, type Tensor } from '../tensor/index.js';
import { type Encoder, type EncoderConfig, encode, encodeThrough } from './encoder.js';

/** The blocks whose latents are predicted, from 1: evenly spaced, the last among them. */
export function targetBlockNumbers(depth: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.ceil(((i + 1) * depth) / count));
}

/**
 * What is to be predicted of images: their latents, each patch standardised, x ↦ (x − mean) / √(variance + 1e-6). Of
 * several blocks the mean of their standardised latents, standardised again (data2vec, Baevski et al. 2022): early blocks
 * know of colours what the last has learned to leave out, and no predictor brings back.
 * @param images [B, 3, S, S], normalised
 * @param parameters of the target encoder
 * @param wanted only the latents at these positions, int32 [B, P]; of all patches where absent
 * @returns [B, P or N, D]
 */
export function targetLatents(
  images: Tensor,
  parameters: Encoder<Tensor>,
  config: EncoderConfig,
  wanted?: Tensor,
): Tensor {
  const { depth, targetBlocks = 1 } = config;
  if (targetBlocks === 1) return standardise(encode(images, parameters, config, undefined, wanted));
  const outputs = encodeThrough(images, parameters, config, { wanted });
  const levels = targetBlockNumbers(depth, targetBlocks).map((number) =>
    standardise(outputs[number - 1] as Tensor),
  );
  return standardise(mul(levels.reduce(add), 1 / targetBlocks));
}
