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
  /** A table of tokens, which weight decay leaves alone whatever its shape. */
  readonly table?: boolean;
  /** Not to be trained. */
  readonly frozen?: boolean;
}

/** Nested parameter specs; the dotted path is the name on disk (`blocks.0.attn.qkv.weight`, as in timm). */
export type ParameterTree = Tree<ParameterSpec>;
/** The tensors of a parameter tree. */
export type Parameters<P> = MapTree<P, ParameterSpec, Tensor>;

/**
 * What holds all parameters, by group: two flat vectors, `matrices` (which weight decay shrinks) and `vectors` (all
 * else), and each large matrix for itself, by its name. Many small parameters are updated faster in one piece; a large
 * one need not be cut out of a piece and put back at every step. Frozen parameters lie in two vectors of their own.
 */
export type Flat<T> = Readonly<Record<string, T>>;

/** Elements from which on a matrix lies for itself. */
const LARGE = 2 ** 18;

/** Where a parameter lies: at an offset of a flat vector, or for itself, in the group of its own name. */
export interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly group: string;
  readonly offset: number;
  readonly initialise: Initialiser;
  readonly frozen: boolean;
}

/** A parameter tree laid out. */
export interface Layout<P = ParameterTree> {
  readonly tree: P;
  readonly entries: readonly Entry[];
  /** Of every group: [n] of the flat vectors, a large matrix's own. */
  readonly shapes: Flat<readonly number[]>;
  /** Number of parameters. */
  readonly count: number;
}

/** The same groups with something else for each. */
export function mapGroups<A, B>(flat: Flat<A>, make: (value: A, group: string) => B): Flat<B> {
  return Object.fromEntries(Object.entries(flat).map(([group, value]) => [group, make(value, group)]));
}

/** Whether weight decay shrinks what lies in a group. */
export const decays = (group: string): boolean => !group.endsWith('vectors');

/** Tells a parameter's spec from a branch of the tree. */
export const isParameterSpec = (value: unknown): value is ParameterSpec =>
  typeof value === 'object' && value !== null && Array.isArray((value as ParameterSpec).shape);
const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Lays a tree out. A parameter with two sizes above 1 is a matrix, unless it is a table. */
export function layout<P>(tree: P): Layout<P> {
  const sizes = { matrices: 0, vectors: 0, frozen_matrices: 0, frozen_vectors: 0 };
  const large: Record<string, readonly number[]> = {};
  const entries = leaves(tree as ParameterTree, isParameterSpec).map(([name, spec]): Entry => {
    const { shape, initialise, table = false, frozen = false } = spec;
    const isMatrix = !table && shape.filter((dim) => dim > 1).length > 1;
    if (isMatrix && count(shape) >= LARGE) {
      large[name] = shape;
      return { name, shape, group: name, offset: 0, initialise, frozen };
    }
    const group = `${frozen ? 'frozen_' : ''}${isMatrix ? 'matrices' : 'vectors'}` as const;
    const offset = sizes[group];
    sizes[group] += count(shape);
    return { name, shape, group, offset, initialise, frozen };
  });
  const small = Object.entries(sizes).filter(([, size]) => size > 0);
  return {
    tree,
    entries,
    shapes: { ...large, ...Object.fromEntries(small.map(([group, size]) => [group, [size]])) },
    count: countOf(entries),
  };
}

const countOf = (entries: readonly Entry[]): number =>
  entries.reduce((sum, { shape }) => sum + count(shape), 0);

function part<P>(whole: Layout<P>, frozen: boolean): Layout<P> {
  const entries = whole.entries.filter((entry) => entry.frozen === frozen);
  const groups = new Set(entries.map(({ group }) => group));
  const shapes = Object.entries(whole.shapes).filter(([group]) => groups.has(group));
  return { tree: whole.tree, entries, shapes: Object.fromEntries(shapes), count: countOf(entries) };
}

/** Of a layout, the groups and parameters that are trained. */
export const trainedPart = <P>(whole: Layout<P>): Layout<P> => part(whole, false);

/** Of a layout, the groups and parameters that are not. */
export const frozenPart = <P>(whole: Layout<P>): Layout<P> => part(whole, true);

/** Of numbers by group, those of a part of their layout. */
export function pick<T>(flat: Flat<T>, { shapes }: Layout<unknown>): Flat<T> {
  return mapGroups(shapes, (_, group) => flat[group] as T);
}

/** Specs of all groups, for tracing. */
export function flatSpecs({ shapes }: Layout<unknown>): Flat<Spec> {
  return mapGroups(shapes, (shape) => spec(shape));
}

/** Zeros for every parameter of a layout. */
export function emptyFlat({ shapes }: Layout<unknown>): Flat<Float32Array> {
  return mapGroups(shapes, (shape) => new Float32Array(count(shape)));
}

/** First values of all parameters; the same seed and name give the same numbers. */
export function initialise(layout: Layout<unknown>, seed: number, stream: number): Flat<Float32Array> {
  const flat = emptyFlat(layout);
  layout.entries.forEach((entry, index) => {
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

/** The numbers of one parameter inside those of its group (a view, not a copy). */
export function view(flat: Flat<Float32Array>, { group, offset, shape }: Entry): Float32Array {
  return (flat[group] as Float32Array).subarray(offset, offset + count(shape));
}

/** The tree of parameters, cut out of flat tensors. */
export function unpack<P>({ tree, entries }: Layout<P>, flat: Flat<Tensor>): Parameters<P> {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return mapTree(tree, isParameterSpec, (_, path) => {
    const entry = byName.get(path) as Entry;
    const group = flat[entry.group] as Tensor;
    if (entry.group === path) return group;
    return reshape(slice(group, 0, entry.offset, entry.offset + count(entry.shape)), entry.shape);
  }) as Parameters<P>;
}
