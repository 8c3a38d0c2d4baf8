import { type Linear, linear, linearSpec, type ParameterSpec } from '../nn/index.js';
import {
  add,
  concat,
  type Dim,
  matmulTransposed,
  mul,
  relu,
  reshape,
  split,
  type Tensor,
} from '../tensor/index.js';
import { actionSize } from './action.js';

/** How the predictor is told the action (paper, section on conditioning). */
export type Conditioning = 'none' | 'sequence' | 'feature';
export const conditionings: readonly Conditioning[] = ['none', 'sequence', 'feature'];

/** Parameters by variant: nothing; a linear map per action component; a three-layer MLP. */
export type ConditioningParameters<T> =
  | Record<never, never>
  | { readonly sequence: { readonly weight: T; readonly bias: T } }
  | { readonly feature: { readonly '0': Linear<T>; readonly '2': Linear<T>; readonly '4': Linear<T> } };

export function conditioningSpec(kind: Conditioning, width: number): ConditioningParameters<ParameterSpec> {
  if (kind === 'none') return {};
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
