import { type Linear, linear, linearSpec, type Modulation, type ParameterSpec } from '../nn/index.js';
import {
  add,
  concat,
  type Dim,
  gelu,
  matmulTransposed,
  mul,
  relu,
  reshape,
  size,
  split,
  type Tensor,
} from '../tensor/index.js';
import { actionSize } from './action.js';

/** How the predictor is told the action: the paper's three, and adaptive layer normalisation (Peebles & Xie 2023). */
export type Conditioning = 'none' | 'sequence' | 'feature' | 'adaln';
export const conditionings: readonly Conditioning[] = ['none', 'sequence', 'feature', 'adaln'];

/** Shift, scale and gate of a block's attention, then of its MLP. */
const MODULATIONS = 6;

/** Parameters by variant: nothing; a linear map per action component; a three-layer MLP; a layer and a map per block. */
export type ConditioningParameters<T> =
  | Record<never, never>
  | { readonly sequence: { readonly weight: T; readonly bias: T } }
  | { readonly feature: { readonly '0': Linear<T>; readonly '2': Linear<T>; readonly '4': Linear<T> } }
  | { readonly adaln: { readonly action: Linear<T>; readonly blocks: Readonly<Record<string, Linear<T>>> } };

/** @param depth blocks of the predictor */
export function conditioningSpec(
  kind: Conditioning,
  width: number,
  depth: number,
): ConditioningParameters<ParameterSpec> {
  if (kind === 'none') return {};
  if (kind === 'adaln') {
    // Zero: at the start the action changes nothing, and every block is an ordinary one.
    const map = linearSpec(width, MODULATIONS * width, 0);
    const blocks = Array.from({ length: depth }, (_, number) => [String(number), map] as const);
    return { adaln: { action: linearSpec(actionSize, width), blocks: Object.fromEntries(blocks) } };
  }
  if (kind === 'feature')
    return {
      feature: {
        '0': linearSpec(width + actionSize, width),
        '2': linearSpec(width, width),
        '4': linearSpec(width, width),
      },
    };
  return {
    sequence: {
      weight: { shape: [actionSize, width], initialise: { normal: 0.5 } },
      bias: { shape: [actionSize, width], initialise: { normal: 0.02 } },
    },
  };
}

/**
 * Tells the mask tokens the action.
 * @param queries mask tokens with their positions, [B, P, D]
 * @param action [B, 7]
 * @returns the tokens that follow the context; the last P of them are the queries
 */
export function condition(
  queries: Tensor,
  action: Tensor,
  parameters: ConditioningParameters<Tensor>,
): Tensor {
  const [batch, , width] = queries.shape as [Dim, Dim, number];
  if ('sequence' in parameters) {
    // A token of its own for each scalar of the action.
    const scalars = reshape(action, [batch, actionSize, 1]);
    return concat([add(mul(scalars, parameters.sequence.weight), parameters.sequence.bias), queries], 1);
  }
  if ('feature' in parameters) {
    // The first layer of MLP([query; action]), its weight cut in two: the action's part is the same for all queries.
    const { weight, bias } = parameters.feature['0'];
    const [ofQuery, ofAction] = split(weight, 1, [width, actionSize]) as [Tensor, Tensor];
    const told = add(matmulTransposed(reshape(action, [batch, 1, actionSize]), ofAction), bias);
    const mixed = relu(add(matmulTransposed(queries, ofQuery), told));
    return linear(relu(linear(mixed, parameters.feature['2'])), parameters.feature['4']);
  }
  return queries;
}

/**
 * What the action makes of every block, where the predictor is told it so: a hidden layer that all share, then a map for
 * each. Gates start at 1, not at 0 as in AdaLN-Zero: a predictor of a few blocks need not begin as the identity.
 * @param action [B, 7]
 * @returns for each block what its tokens are modulated by, each [B, 1, D]; undefined for the other ways
 */
export function modulations(
  action: Tensor,
  parameters: ConditioningParameters<Tensor>,
): readonly Modulation[] | undefined {
  if (!('adaln' in parameters)) return undefined;
  const { action: first, blocks } = parameters.adaln;
  const hidden = gelu(linear(reshape(action, [size(action, 0), 1, actionSize]), first));
  const width = size(hidden, -1);
  return Object.values(blocks).map((map) => {
    const [shift, scale, gate, shift2, scale2, gate2] = split(
      linear(hidden, map),
      2,
      Array.from({ length: MODULATIONS }, () => width),
    ) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
    return { attn: { shift, scale, gate }, mlp: { shift: shift2, scale: scale2, gate: gate2 } };
  });
}
