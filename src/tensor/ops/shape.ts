import { apply, applyMany, type Operator, resolveAxis, sameDType } from '../op.js';
import {
  constant,
  type Dim,
  elements,
  type Shape,
  size,
  staticShape,
  type Tensor,
  times,
} from '../tensor.js';

const one = (dys: readonly (Tensor | undefined)[]): Tensor => dys[0] as Tensor;
const integers = (values: readonly number[]): Tensor => constant(values, { dtype: 'int64' });

/** The same elements in another shape. At most one size may be symbolic, and the element counts must agree. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const operator: Operator = {
    infer: ([input]) => {
      const from = elements((input as Tensor).shape);
      const to = elements(shape);
      if (from.factor !== to.factor || from.symbol !== to.symbol)
        throw new Error(`cannot reshape to [${shape.join(', ')}]`);
      return [{ dtype: x.dtype, shape }];
    },
    stablehlo: (h, input, output) => [h.reshape(input(0), output(0).shape)],
    gradient: (node, dys) => [reshape(one(dys), (node.inputs[0] as Tensor).shape)],
  };
  if (shape.length === x.rank && shape.every((dim, i) => dim === x.shape[i])) return x;
  return apply('Reshape', operator, [x, integers(shape.map((dim) => (typeof dim === 'number' ? dim : -1)))]);
}

/** All axes but the last `keep` folded into one: `fold` of [B, N, D] is [B·N, D]. */
export function fold(x: Tensor, keep = 1): Tensor {
  const { factor, symbol } = elements(x.shape.slice(0, -keep));
  return reshape(x, [symbol === undefined ? factor : times(symbol, factor), ...x.shape.slice(-keep)]);
}

/** The first axis cut into `batch` parts, which undoes {@link fold}: [B·N, D] → [B, N, D]. */
export function unfold(x: Tensor, batch: Dim): Tensor {
  const [rows, ...others] = x.shape as [Dim, ...Dim[]];
  return reshape(x, [batch, elements([rows]).factor / elements([batch]).factor, ...others]);
}

/** Permutes the axes: output axis i is input axis `order[i]`. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  const operator: Operator = {
    infer: ([input]) => {
      const { shape, rank } = input as Tensor;
      if (new Set(order).size !== rank || order.some((axis) => axis < 0 || axis >= rank))
        throw new Error(`order [${order.join(', ')}] is no permutation of ${rank} axes`);
      return [{ dtype: x.dtype, shape: order.map((axis) => shape[axis] as Dim) }];
    },
    stablehlo: (h, input) => [h.transpose(input(0), order)],
    gradient: (_, dys) => [
      transpose(
        one(dys),
        order.map((_, axis) => order.indexOf(axis)),
      ),
    ],
  };
  return apply('Transpose', operator, [x], { perm: order });
}

/** Swaps the last two axes. */
export function transposeLast(x: Tensor): Tensor {
  const axes = x.shape.map((_, i) => i);
  return transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/** Rows from which on a sum is worth two steps. */
const LONG = 256;

function largestDivisor(of: number, limit: number): number {
  let divisor = Math.floor(limit);
  while (of % divisor !== 0) divisor--;
  return divisor;
}

/** Sums over `axes` (all by default). */
export function sum(x: Tensor, axes: readonly number[] = x.shape.map((_, i) => i), keep = false): Tensor {
  const operator: Operator = {
    infer: ([input]) => {
      const { shape, rank } = input as Tensor;
      const over = new Set(axes.map((axis) => resolveAxis(axis, rank)));
      const kept = shape.map((dim, i) => (over.has(i) ? 1 : dim));
      return [{ dtype: x.dtype, shape: keep ? kept : kept.filter((_, i) => !over.has(i)) }];
    },
    stablehlo: (h, input, output) => {
      const rank = input(0).shape.length;
      const over = axes.map((axis) => resolveAxis(axis, rank));
      return [h.reshape(h.reduce('add', input(0), over), output(0).shape)];
    },
    gradient: (node, dys) => {
      const { shape, rank } = node.inputs[0] as Tensor;
      const over = new Set(axes.map((axis) => resolveAxis(axis, rank)));
      const kept = shape.map((dim, i) => (over.has(i) ? 1 : dim));
      return [expand(reshape(one(dys), kept), shape)];
    },
  };
  if (axes.length === 0) return x;
  // Long sums over all leading axes (bias gradients) are twice as fast in two steps: the first one's groups are many
  // and short, so that threads share them. And they are nearer to the truth: ONNX Runtime adds a million squares one
  // after the other, and is off by 1e-5.
  if (!keep && axes.every((axis, i) => axis === i)) {
    const rest = x.shape.slice(axes.length);
    const { factor: rows, symbol } = elements(x.shape.slice(0, axes.length));
    const groups = symbol === undefined && rows >= LONG ? largestDivisor(rows, Math.sqrt(rows)) : 1;
    if (groups > 1) return sum(sum(reshape(x, [groups, rows / groups, ...rest]), [1]), [0]);
  }
  return apply('ReduceSum', operator, [x, integers(axes)], { keepdims: keep ? 1 : 0 });
}

const expansion = (shape: Shape): Operator => ({
  infer: ([input]) => {
    const { dtype, shape: from } = input as Tensor;
    const fits = from.every((dim, i) => dim === 1 || dim === shape[shape.length - from.length + i]);
    if (from.length > shape.length || !fits) throw new Error(`cannot expand to [${shape.join(', ')}]`);
    return [{ dtype, shape }];
  },
  stablehlo: (h, input, output) => [h.broadcast(input(0), output(0).shape)],
  gradient: (node, dys) => [reduceTo(one(dys), (node.inputs[0] as Tensor).shape)],
});

/** Repeats along axes of size 1 (and new leading axes) until the shape is `shape`. */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (shape.length === x.rank && shape.every((dim, i) => dim === x.shape[i])) return x;
  return apply('Expand', expansion(shape), [x, integers(staticShape({ dtype: x.dtype, shape }))]);
}

/** `x` [1 or B, …] repeated along the first axis as often as `like` [B, …] has rows; B may be symbolic. */
export function repeatFor(x: Tensor, like: Tensor): Tensor {
  const [rows] = like.shape as [Dim];
  const others = x.shape.slice(1);
  const shape = [rows, ...others];
  if (typeof rows === 'number' || x.shape[0] === rows) return expand(x, shape);
  const counting: Operator = {
    infer: () => [{ dtype: 'int64', shape: [1] }],
    stablehlo: (h, input) => [h.constant(`[${input(0).shape[0]}]`, { element: 'i64', shape: [1] })],
  };
  const counted = apply('Shape', counting, [like], { start: 0, end: 1 });
  // 1 leaves an axis as it is.
  return apply('Expand', expansion(shape), [x, concat([counted, integers(others.map(() => 1))], 0)]);
}

/** Undoes a broadcast: sums `x` over the axes along which `shape` was repeated. */
export function reduceTo(x: Tensor, shape: Shape): Tensor {
  const lead = x.rank - shape.length;
  const axes = x.shape.flatMap((dim, i) => (i < lead || (shape[i - lead] === 1 && dim !== 1) ? [i] : []));
  return reshape(sum(x, axes), shape);
}

/** Joins along `axis`; all other sizes must agree. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const operator: Operator = {
    infer: (inputs) => {
      const [first] = inputs as [Tensor];
      const at = resolveAxis(axis, first.rank);
      for (const part of inputs)
        if (part.rank !== first.rank || part.shape.some((dim, i) => i !== at && dim !== first.shape[i]))
          throw new Error(`parts differ beside axis ${axis}`);
      const joined = inputs.reduce((total, part) => total + size(part, at), 0);
      return [{ dtype: sameDType(inputs), shape: first.shape.map((dim, i) => (i === at ? joined : dim)) }];
    },
    stablehlo: (h, input, output) => [
      h.concatenate(
        parts.map((_, i) => input(i)),
        resolveAxis(axis, output(0).shape.length),
        output(0),
      ),
    ],
    gradient: (node, dys) =>
      split(
        one(dys),
        axis,
        node.inputs.map((part) => size(part, axis)),
      ),
  };
  return parts.length === 1 ? (parts[0] as Tensor) : apply('Concat', operator, parts, { axis });
}

/** Cuts along `axis` into parts of the given sizes. */
export function split(x: Tensor, axis: number, sizes: readonly number[]): readonly Tensor[] {
  const operator: Operator = {
    infer: ([input]) => {
      const { shape, rank } = input as Tensor;
      const at = resolveAxis(axis, rank);
      if (sizes.reduce((a, b) => a + b, 0) !== shape[at])
        throw new Error(`parts [${sizes.join(', ')}] do not add up to axis ${axis}`);
      return sizes.map((part) => ({ dtype: x.dtype, shape: shape.map((dim, i) => (i === at ? part : dim)) }));
    },
    stablehlo: (h, input) => {
      const at = resolveAxis(axis, input(0).shape.length);
      let end = 0;
      return sizes.map((part) => {
        end += part;
        return h.slice(input(0), at, end - part, end);
      });
    },
    gradient: (node, dys) => [
      concat(
        node.outputs.map((output, i) => dys[i] ?? zeros(output)),
        axis,
      ),
    ],
  };
  return sizes.length === 1 ? [x] : applyMany('Split', operator, [x, integers(sizes)], { axis });
}

/** The part [start, end) along `axis`. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const operator: Operator = {
    infer: ([input]) => {
      const { shape, rank } = input as Tensor;
      const at = resolveAxis(axis, rank);
      if (start < 0 || end > size(x, at) || start >= end)
        throw new Error(`no range ${start}..${end} on axis ${axis}`);
      return [{ dtype: x.dtype, shape: shape.map((dim, i) => (i === at ? end - start : dim)) }];
    },
    stablehlo: (h, input) => [h.slice(input(0), resolveAxis(axis, input(0).shape.length), start, end)],
    gradient: (node, dys) => {
      const input = node.inputs[0] as Tensor;
      const gap = (length: number): readonly Tensor[] =>
        length === 0
          ? []
          : [
              zeros({
                dtype: x.dtype,
                shape: input.shape.map((dim, i) => (i === resolveAxis(axis, input.rank) ? length : dim)),
              }),
            ];
      return [concat([...gap(start), one(dys), ...gap(size(input, axis) - end)], axis)];
    },
  };
  return apply('Slice', operator, [x, integers([start]), integers([end]), integers([axis])]);
}

/** Zeros of a static shape, one scalar repeated (no stored data). */
export function zeros(spec: { dtype: Tensor['dtype']; shape: Shape }): Tensor {
  return expand(constant(0, { dtype: spec.dtype }), spec.shape);
}
