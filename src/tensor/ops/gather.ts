import { apply, type Operator } from '../op.js';
import { constant, type Dim, size, type Tensor } from '../tensor.js';
import { cast, equal } from './elementwise.js';
import { matmul } from './matmul.js';
import { reshape, transposeLast } from './shape.js';

/** Per sample, the tokens at the given positions: tokens [B, N, D], positions int32 [B, K] → [B, K, D]. */
export function gatherTokens(tokens: Tensor, positions: Tensor): Tensor {
  const operator: Operator = {
    infer: ([x, indices]) => {
      const [batch, , width] = (x as Tensor).shape as [Dim, Dim, Dim];
      const shape = (indices as Tensor).shape;
      const ranks = (x as Tensor).rank === 3 && positions.rank === 2;
      if (!ranks || shape[0] !== batch || positions.dtype !== 'int32')
        throw new Error('needs tokens [B, N, D] and int32 positions [B, K]');
      return [{ dtype: tokens.dtype, shape: [batch, shape[1] as Dim, width] }];
    },
    stablehlo: (h, input, output) => [
      h.gather(input(0), input(1), output(0), {
        offset_dims: [2],
        collapsed_slice_dims: [1],
        operand_batching_dims: [0],
        start_indices_batching_dims: [0],
        start_index_map: [1],
      }),
    ],
    gradient: (_, dys) => {
      // A sum over equal positions: the transposed one-hot selection, deterministic and free of scatters.
      const places = constant(
        Array.from({ length: size(tokens, 1) }, (_, i) => i),
        { dtype: 'int32' },
      );
      const selected = cast(equal(reshape(positions, [...positions.shape, 1]), places), tokens.dtype);
      return [matmul(transposeLast(selected), dys[0] as Tensor), undefined];
    },
  };
  const indices = reshape(cast(positions, 'int64'), [...positions.shape, 1]);
  return apply('GatherND', operator, [tokens, indices], { batch_dims: 1 });
}

/** Rows of a table: table [N, D], positions int32 [B, K] → [B, K, D]. */
export function gatherRows(table: Tensor, positions: Tensor): Tensor {
  const operator: Operator = {
    infer: ([rows, indices]) => {
      if ((rows as Tensor).rank !== 2 || (indices as Tensor).rank !== 2 || positions.dtype !== 'int32')
        throw new Error('needs a table [N, D] and int32 positions [B, K]');
      return [{ dtype: table.dtype, shape: [...(indices as Tensor).shape, size(table, 1)] }];
    },
    stablehlo: (h, input, output) => [
      h.gather(input(0), input(1), output(0), {
        offset_dims: [2],
        collapsed_slice_dims: [0],
        start_index_map: [0],
      }),
    ],
    gradient: (_, dys) => {
      const flat = reshape(positions, [size(positions, 0) * size(positions, 1)]);
      const places = constant(
        Array.from({ length: size(table, 0) }, (_, i) => i),
        { dtype: 'int32', shape: [size(table, 0), 1] },
      );
      const selected = cast(equal(places, flat), table.dtype);
      return [matmul(selected, reshape(dys[0] as Tensor, [size(flat, 0), size(table, 1)])), undefined];
    },
  };
  return apply('Gather', operator, [table, positions], { axis: 0 });
}
