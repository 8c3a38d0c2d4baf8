import { purpose, random } from '../random.js';
import {
  leaves,
  type MapTree,
  mapTree,
  reshape,
  type Spec,
  slice,
  spec,
  type Tensor,
  type Tree,
} from '../tensor/index.js';

/** How a parameter starts: all one value, normal with a deviation, or uniform in ±bound. */
export type Initialiser =
  | { readonly value: number }
  | { readonly normal: number }
  | { readonly uniform: number };

/** One parameter before it exists. */
export interface ParameterSpec {
  readonly shape: readonly number[];
  readonly initialise: Initialiser;
}

/** Nested parameter specs; the dotted path is the name on disk (`blocks.0.attn.qkv.weight`, as in timm). */
export type ParameterTree = Tree<ParameterSpec>;
/** The tensors of a parameter tree. */
export type Parameters<P> = MapTree<P, ParameterSpec, Tensor>;

/** The two flat vectors that hold all parameters: matrices (which weight decay shrinks) and the rest. */
export interface Flat<T> {
  readonly matrices: T;
  readonly vectors: T;
}

/** Where a parameter lies in the flat vectors. */
export interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly group: keyof Flat<unknown>;
  readonly offset: number;
  readonly initialise: Initialiser;
}

/** A parameter tree laid out in flat vectors. */
export interface Layout<P = ParameterTree> {
  readonly tree: P;
  readonly entries: readonly Entry[];
  /** Elements of each flat vector. */
  readonly sizes: Flat<number>;
  /** Number of parameters. */
  readonly count: number;
}

const isSpec = (value: unknown): value is ParameterSpec =>
  typeof value === 'object' && value !== null && Array.isArray((value as ParameterSpec).shape);
const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Lays a tree out. A parameter with two sizes above 1 is a matrix. */
export function layout<P>(tree: P): Layout<P> {
  const sizes = { matrices: 0, vectors: 0 };
  const entries = leaves(tree as ParameterTree, isSpec).map(([name, { shape, initialise }]): Entry => {
    const group = shape.filter((dim) => dim > 1).length > 1 ? 'matrices' : 'vectors';
    const offset = sizes[group];
    sizes[group] += count(shape);
    return { name, shape, group, offset, initialise };
  });
  return { tree, entries, sizes, count: sizes.matrices + sizes.vectors };
}

/** Specs of the flat vectors, for tracing. */
export function flatSpecs({ sizes }: Layout<unknown>): Flat<Spec> {
  return { matrices: spec([sizes.matrices]), vectors: spec([sizes.vectors]) };
}

/** First values of all parameters; the same seed and name give the same numbers. */
export function initialise(
  { entries, sizes }: Layout<unknown>,
  seed: number,
  stream: number,
): Flat<Float32Array> {
  const flat = { matrices: new Float32Array(sizes.matrices), vectors: new Float32Array(sizes.vectors) };
  entries.forEach((entry, index) => {
    const numbers = random(seed, purpose.initialise, stream, index);
    const draw = ((how: Initialiser): (() => number) => {
      if ('value' in how) return () => how.value;
      if ('normal' in how) return () => numbers.normal() * how.normal;
      return () => numbers.between(-how.uniform, how.uniform);
    })(entry.initialise);
    const target = view(flat, entry);
    for (let i = 0; i < target.length; i++) target[i] = draw();
  });
  return flat;
}

/** The numbers of one parameter inside flat arrays (a view, not a copy). */
export function view(flat: Flat<Float32Array>, { group, offset, shape }: Entry): Float32Array {
  return flat[group].subarray(offset, offset + count(shape));
}

/** The tree of parameters cut out of flat tensors. */
export function unpack<P>({ tree, entries }: Layout<P>, flat: Flat<Tensor>): Parameters<P> {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return mapTree(tree, isSpec, (_, path) => {
    const entry = byName.get(path) as Entry;
    const part = slice(flat[entry.group], 0, entry.offset, entry.offset + count(entry.shape));
    return reshape(part, entry.shape);
  }) as Parameters<P>;
}
