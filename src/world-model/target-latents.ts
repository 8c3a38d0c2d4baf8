import { concat, standardise, type Tensor } from '../tensor/index.js';
import { type Encoder, type EncoderConfig, encode, encodeThrough } from './encoder.js';

/** Which latents are predicted. */
export interface TargetConfig {
  /** Of how many of the encoder's blocks, evenly spaced and the last among them; of the last alone where absent. */
  readonly targetBlocks?: number;
}

/** Of a model's sizes, those that say what is predicted. */
interface Sizes {
  readonly encoder: EncoderConfig;
  readonly predictor: TargetConfig;
}

/** Numbers of the blocks whose latents are predicted, from 1: the last, then those before it. */
function targetBlocks({ encoder, predictor }: Sizes): number[] {
  const { targetBlocks: count = 1 } = predictor;
  return [
    encoder.depth,
    ...Array.from({ length: count - 1 }, (_, i) => Math.ceil(((i + 1) * encoder.depth) / count)),
  ];
}

/** Features that are predicted of a patch: of each of these blocks as many as the encoder is wide. */
export const targetWidth = (sizes: Sizes): number => sizes.encoder.width * targetBlocks(sizes).length;

/**
 * What is to be predicted of images: the latents of these blocks one after the other, the last's first, each patch of each
 * block standardised, x ↦ (x − mean) / √(variance + 1e-6). Early blocks know of colours what the last has learned to leave
 * out, and no predictor brings back; several blocks as targets: V-JEPA 2.1.
 * @param images [B, 3, S, S], normalised
 * @param parameters of the target encoder
 * @param wanted only the latents at these positions, int32 [B, P]; of all patches where absent
 * @returns [B, P or N, {@link targetWidth}]
 */
export function targetLatents(
  images: Tensor,
  parameters: Encoder<Tensor>,
  sizes: Sizes,
  wanted?: Tensor,
): Tensor {
  const { encoder } = sizes;
  const numbers = targetBlocks(sizes);
  if (numbers.length === 1) return standardise(encode(images, parameters, encoder, { wanted }));
  const outputs = encodeThrough(images, parameters, encoder, { wanted });
  return concat(
    numbers.map((number) => standardise(outputs[number - 1] as Tensor)),
    2,
  );
}
