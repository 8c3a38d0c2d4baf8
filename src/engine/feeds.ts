import {
  elements,
  leaves,
  type Program,
  type Shape,
  type Tensor,
  type TensorData,
  type Tree,
  toData,
  zeroData,
} from '../tensor/index.js';
import type { Feed, Value } from './engine.js';

/** Numbers that were fed, and the sizes that they fill. */
export interface Numbers {
  readonly data: TensorData;
  readonly shape: readonly number[];
}

/**
 * What every input of a program is fed: a value of the engine, or numbers.
 * @param isOwn whether something is a value of the engine that runs the program
 * @param updated inputs that must be values of the engine
 * @throws Error that names an input which is missing, unknown, of another type or of another length
 */
export function readFeeds<V extends Value>(
  program: Program,
  feeds: unknown,
  isOwn: (value: unknown) => value is V,
  updated: ReadonlySet<string>,
): Map<string, V | Numbers> {
  const specs = new Map(program.inputs);
  const isFeed = (value: unknown): value is V | TensorData | ReadonlyArray<number> =>
    isOwn(value) || ArrayBuffer.isView(value) || Array.isArray(value);
  const read = new Map<string, V | Numbers>();
  const refuse = (path: string, reason: string): never => {
    throw new Error(`${program.name}: input ${path} ${reason}`);
  };
  for (const [path, feed] of leaves(feeds as Tree<V | Feed>, isFeed)) {
    const spec = specs.get(path);
    if (spec === undefined) throw new Error(`${program.name}: there is no input ${path}`);
    if (isOwn(feed)) {
      if (!fits(feed, spec))
        refuse(path, `is ${feed.dtype}[${feed.shape}], not ${spec.dtype}[${spec.shape}]`);
      read.set(path, feed);
      continue;
    }
    if (updated.has(path)) refuse(path, 'is updated: feed a value of the engine');
    const data = ArrayBuffer.isView(feed) ? (feed as TensorData) : toData(spec.dtype, feed as number[]);
    const wanted = zeroData(spec.dtype, 0).constructor;
    if (data.constructor !== wanted)
      refuse(path, `is ${data.constructor.name}, not ${wanted.name} (${spec.dtype})`);
    const shape = resolveShape(spec.shape, data.length);
    if (shape.reduce((a, b) => a * b, 1) !== data.length || shape.some((dim) => !Number.isInteger(dim)))
      refuse(path, `has ${data.length} numbers, shape is [${spec.shape}]`);
    read.set(path, { data, shape });
  }
  for (const path of specs.keys()) if (!read.has(path)) refuse(path, 'is missing');
  return read;
}

const fits = (value: Value, spec: Tensor): boolean =>
  value.dtype === spec.dtype &&
  value.shape.length === spec.rank &&
  spec.shape.every((dim, i) => typeof dim === 'string' || dim === value.shape[i]);

/** Concrete sizes of `shape`, reading symbolic ones off the length of the data fed. */
function resolveShape(shape: Shape, length: number): number[] {
  const fixed = shape.reduce<number>(
    (product, dim) => (typeof dim === 'number' ? product * dim : product),
    1,
  );
  return shape.map((dim) => (typeof dim === 'number' ? dim : length / fixed));
}

/** What the symbolic sizes of a program's inputs are in a run. @throws Error where two inputs say different things */
export function symbolicSizes(
  program: Program,
  fed: ReadonlyMap<string, { readonly shape: readonly number[] }>,
): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const [path, spec] of program.inputs)
    spec.shape.forEach((dim, axis) => {
      const { factor, symbol } = elements([dim]);
      if (symbol === undefined) return;
      const found = (fed.get(path)?.shape[axis] as number) / factor;
      const known = sizes.get(symbol) ?? found;
      if (known !== found || !Number.isInteger(found))
        throw new Error(`${program.name}: ${symbol} is ${known}, and ${found} by input ${path}`);
      sizes.set(symbol, found);
    });
  return sizes;
}

/**
 * The outputs that are the next numbers of inputs of the same paths.
 * @param name of the tree of them, if there is one
 * @throws Error where there is none, or an input and its output differ
 */
export function updatedPaths(program: Program, name: string | undefined): ReadonlySet<string> {
  if (name === undefined) return new Set();
  const inputs = new Map(program.inputs);
  const updated = program.outputs.filter(([path]) => path === name || path.startsWith(`${name}.`));
  if (updated.length === 0) throw new Error(`${program.name}: there is no output ${name}`);
  for (const [path, output] of updated) {
    const input = inputs.get(path);
    if (input?.dtype !== output.dtype || `${input.shape}` !== `${output.shape}`)
      throw new Error(`${program.name}: output ${path} is not what an input is, so it cannot update it`);
  }
  return new Set(updated.map(([path]) => path));
}
