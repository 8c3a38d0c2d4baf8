import { UserError } from '../errors.js';
import type { Config } from '../run/config.js';
import type { Weights } from '../run/safetensors.js';

/** Sizes that an encoder's tensors tell. */
export interface Sizes extends Omit<Config['encoder'], 'heads' | 'epsilon' | 'trained' | 'source'> {
  /** Side of a patch, pixels. */
  readonly patch: number;
}

const PATCHES = 'patch_embed.proj.weight';

/** Reads an encoder's sizes off its tensors. @param file for messages @throws UserError where they are of no encoder */
export function sizesOf(tensors: Weights['tensors'], file: string): Sizes {
  const [width, colours, patch, across] = tensors.get(PATCHES)?.shape ?? [];
  if (width === undefined || colours !== 3 || patch === undefined || patch !== across)
    throw new UserError(`${file}: no map of square colour patches there (${PATCHES} [D, 3, P, P])`);
  const hidden = tensors.get('blocks.0.mlp.fc1.weight')?.shape[0];
  if (tensors.has('blocks.0.mlp.weights_in.weight'))
    throw new UserError(`${file}: its MLPs are SwiGLU (mlp.weights_in), which is not computed here`);
  if (hidden === undefined)
    throw new UserError(`${file}: no blocks of attention and MLP there (blocks.0.mlp.fc1.weight)`);
  const numbers = [...tensors.keys()].map((name) => Number(/^blocks\.(\d+)\./.exec(name)?.[1] ?? -1));
  return {
    depth: 1 + Math.max(...numbers),
    width,
    hidden,
    patch,
    classToken: tensors.has('cls_token'),
    registers: tensors.get('reg_token')?.shape[1] ?? 0,
    positions: 'learned',
    layerScale: tensors.has('blocks.0.ls1.gamma'),
  };
}
