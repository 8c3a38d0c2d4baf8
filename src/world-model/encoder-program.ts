import { call, type Dim, gatherTokens, scope, slice, spec, type Tensor } from '../tensor/index.js';

/** An encoder that is an ONNX model from elsewhere. It has its weights in itself, and is never trained. */
export interface EncoderProgram {
  /** By which the engine has it: SHA-256 of its file. */
  readonly name: string;
  /** Its output that holds the latents, [B, prefix + N, D]. */
  readonly output: string;
  /** Tokens before those of the patches: of a class, registers. */
  readonly prefix: number;
  readonly parameters: number;
  /** Of the products, for one image. */
  readonly multiplyAdds: number;
}

/** Numbers a feature of a token that a transformer's block has in memory at most: queries, keys, values, the MLP's. */
const ALIVE = 16;

/**
 * Latents of patches, as the model gives them: it sees the whole image, so what is not to be seen is only left out of what it
 * gives.
 * @param images [B, 3, S, S], normalised
 * @param chosen token positions whose latents are wanted, int32 [B, P]; all where absent
 * @returns [B, P or N, D]
 */
export function encodeByProgram(
  images: Tensor,
  program: EncoderProgram,
  { tokens, width }: { readonly tokens: number; readonly width: number },
  chosen?: Tensor,
): Tensor {
  const [batch] = images.shape as [Dim];
  const { prefix, parameters, multiplyAdds } = program;
  const all = prefix + tokens;
  // Of symbolic sizes nothing is counted.
  const count = typeof batch === 'number' ? batch : 1;
  const latents = scope('program', () =>
    call(program, images, spec([batch, all, width]), {
      multiplyAdds: count * multiplyAdds,
      bytes: 4 * (parameters + ALIVE * count * all * width),
    }),
  );
  const patches = prefix === 0 ? latents : slice(latents, 1, prefix, all);
  return chosen === undefined ? patches : gatherTokens(patches, chosen);
}
