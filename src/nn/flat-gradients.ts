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
import type { Flat, Layout } from './parameters.js';

/** A tree of parameters as a loss was computed from them, and where they lie in their flat vectors. */
export interface Laid {
  readonly layout: Layout<unknown>;
  readonly parameters: unknown;
}

/**
 * Gradients of a loss by the parameters of several trees, as flat vectors like those that hold the parameters.
 * @param loss a scalar
 * @param parts trees by name; not one that the loss is not to change
 */
export function flatGradients<K extends string>(
  loss: Tensor,
  parts: Readonly<Partial<Record<K, Laid>>>,
): Record<K, Flat<Tensor>> {
  const named = Object.entries(parts) as [K, Laid][];
  const trees = new Map(
    named.map(([part, laid]) => [part, leaves(laid.parameters as Tree<Tensor>, isTensor)]),
  );
  const parameters = [...trees.values()].flatMap((tree) => tree.map(([, tensor]) => tensor));
  const derivatives = gradient(loss, parameters);
  const byTensor = new Map(parameters.map((tensor, i) => [tensor, derivatives[i] as Tensor]));
  const flat = ([part, { layout }]: [K, Laid], group: keyof Flat<Tensor>): Tensor => {
    const groups = new Map(layout.entries.map((entry) => [entry.name, entry.group]));
    const chosen = trees.get(part)?.filter(([name]) => groups.get(name) === group) ?? [];
    return concat(
      chosen.map(([, tensor]) => {
        const dy = byTensor.get(tensor) as Tensor;
        return reshape(dy, [tensor.shape.reduce<number>((a, b) => a * (b as number), 1)]);
      }),
      0,
    );
  };
  return Object.fromEntries(
    named.map((entry) => [entry[0], { matrices: flat(entry, 'matrices'), vectors: flat(entry, 'vectors') }]),
  ) as Record<K, Flat<Tensor>>;
}

/** The Euclidean norm of all numbers of several tensors together; a scalar. */
export function globalNorm(tensors: readonly Tensor[]): Tensor {
  return sqrt(tensors.map((tensor) => sum(mul(tensor, tensor))).reduce((a, b) => add(a, b)));
}
