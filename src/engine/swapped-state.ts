import { leaves, mapTree, type Spec, type TensorData, type Tree } from '../tensor/index.js';
import type { Engine, Value } from './engine.js';

const isSpec = (value: unknown): value is Spec => Array.isArray((value as Spec | undefined)?.shape);
const isArray = (value: unknown): value is TensorData => ArrayBuffer.isView(value);
const isValue = (value: unknown): value is Value => typeof (value as Value | undefined)?.read === 'function';

/** The same tree with the numbers of every value, copied out of the engine. */
export async function copyOut(values: unknown): Promise<unknown> {
  const copies = new Map<string, Float32Array>();
  for (const [path, value] of leaves(values as Tree<Value>, isValue))
    copies.set(path, ((await value.read()) as Float32Array).slice());
  return mapTree(values, isValue, (_, path) => copies.get(path) as Float32Array);
}

/**
 * What a step reads and writes anew, kept in the engine in two sets of buffers that swap: an output must not share
 * memory with an input.
 */
export class SwappedState<T> {
  #current: T;
  #next: T;

  /** @param specs of the tree of values, static @param start first numbers, a tree of the same structure; taken over */
  constructor(engine: Engine, specs: unknown, start: unknown) {
    const shapes = new Map(leaves(specs as Tree<Spec>, isSpec));
    const make = (path: string, data?: TensorData): Value => {
      const { dtype, shape } = shapes.get(path) as Spec;
      return engine.value({ dtype, shape: shape as number[] }, data);
    };
    this.#current = mapTree(start, isArray, (data, path) => make(path, data)) as T;
    this.#next = mapTree(specs, isSpec, (_, path) => make(path)) as T;
  }

  /** What the next step reads. */
  get current(): T {
    return this.#current;
  }

  /** Where the next step writes, by output path; the state is the program's output `name`. */
  into(name: string): Map<string, Value> {
    return new Map(
      leaves(this.#next as unknown as Tree<Value>, isValue).map(([path, value]) => [
        `${name}.${path}`,
        value,
      ]),
    );
  }

  /** Makes what was written what is read. */
  swap(): void {
    [this.#current, this.#next] = [this.#next, this.#current];
  }
}
