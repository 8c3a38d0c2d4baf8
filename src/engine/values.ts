import { leaves, mapTree, type Spec, type TensorData, type Tree } from '../tensor/index.js';
import type { Engine, Value } from './engine.js';

const isSpec = (value: unknown): value is Spec => Array.isArray((value as Spec | undefined)?.shape);
const isArray = (value: unknown): value is TensorData => ArrayBuffer.isView(value);
const isValue = (value: unknown): value is Value => typeof (value as Value | undefined)?.read === 'function';

/**
 * A tree of numbers as values of the engine.
 * @param specs of the tree, static @param start its numbers; taken over
 */
export function place(engine: Engine, specs: unknown, start: unknown): unknown {
  const numbers = new Map(leaves(start as Tree<TensorData>, isArray));
  return mapTree(specs, isSpec, ({ dtype, shape }, path) =>
    engine.value({ dtype, shape: shape as number[] }, numbers.get(path)),
  );
}

/** Frees the values of a tree; numbers in it are left. */
export function release(values: unknown): void {
  const isLeaf = (value: unknown): value is Value | TensorData => isValue(value) || isArray(value);
  for (const [, leaf] of leaves(values as Tree<Value | TensorData>, isLeaf))
    if (isValue(leaf)) leaf.dispose();
}

/** The same tree with the numbers of every value, copied out of the engine. */
export async function copyOut(values: unknown): Promise<unknown> {
  const copies = new Map<string, Float32Array>();
  for (const [path, value] of leaves(values as Tree<Value>, isValue))
    copies.set(path, ((await value.read()) as Float32Array).slice());
  return mapTree(values, isValue, (_, path) => copies.get(path) as Float32Array);
}
