import {
  add,
  concat,
  gradient,
  isTensor,
  leaves,
  mul,
  reshape,
  sqrt,
  sum,
  type Tensor,
  type Tree,
} from '../tensor/index.js';
import { type Flat, type Layout, mapGroups } from './parameters.js';

/** A tree of parameters as a loss was computed from them, and where they lie. */
export interface Laid {
  readonly layout: Layout<unknown>;
  readonly parameters: unknown;
}

/**
 * Gradients of a loss by the parameters of several trees, grouped as the parameters are.
 * @param loss a scalar
 * @param parts trees by name; of a tree, the parameters that are in its layout
 */
export function flatGradients<K extends string>(
  loss: Tensor,
  parts: Readonly<Partial<Record<K, Laid>>>,
): Record<K, Flat<Tensor>> {
  const named = Object.entries(parts) as [K, Laid][];
  const trees = new Map(
    named.map(([part, { layout, parameters }]) => {
      const wanted = new Set(layout.entries.map(({ name }) => name));
      return [part, leaves(parameters as Tree<Tensor>, isTensor).filter(([name]) => wanted.has(name))];
    }),
  );
  const parameters = [...trees.values()].flatMap((tree) => tree.map(([, tensor]) => tensor));
  const derivatives = gradient(loss, parameters);
  const byTensor = new Map(parameters.map((tensor, i) => [tensor, derivatives[i] as Tensor]));
  const inGroup = ([part, { layout }]: [K, Laid], group: string): Tensor => {
    const groups = new Map(layout.entries.map((entry) => [entry.name, entry.group]));
    const chosen = trees.get(part)?.filter(([name]) => groups.get(name) === group) ?? [];
    const flat = chosen.map(([name, tensor]) => {
      const dy = byTensor.get(tensor) as Tensor;
      if (name === group) return dy;
      return reshape(dy, [tensor.shape.reduce<number>((a, b) => a * (b as number), 1)]);
    });
    return flat.length === 1 ? (flat[0] as Tensor) : concat(flat, 0);
  };
  return Object.fromEntries(
    named.map((entry) => [entry[0], mapGroups(entry[1].layout.shapes, (_, group) => inGroup(entry, group))]),
  ) as Record<K, Flat<Tensor>>;
}

/** The Euclidean norm of all numbers of several tensors together; a scalar. */
export function globalNorm(tensors: readonly Tensor[]): Tensor {
  return sqrt(tensors.map((tensor) => sum(mul(tensor, tensor))).reduce((a, b) => add(a, b)));
}
