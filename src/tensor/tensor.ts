import type { StableHloRule } from './stablehlo-text.js';

/**
 * Element types a tensor program may use, with their numbers in ONNX (TensorProto.DataType). `float64` exists for
 * gradient checks, `bfloat16` (as bits, in a Uint16Array) for matrix products and what moves between them, `float16` (as
 * bits too) and `int8` to store values; the latter two are cast before anything is computed.
 */
export const elementType = {
  float32: 1,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const;
export type DType = keyof typeof elementType;

/** A size: a number, or a symbolic size such as `batch` or `batch*64` (inference programs only). */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** Numbers of a constant or a fed value, one typed array per element type. */
export type TensorData =
  | Uint16Array
  | Float32Array
  | Float64Array
  | Int8Array
  | Int32Array
  | BigInt64Array
  | Uint8Array;

/** What a value looks like before it exists. */
export interface Spec<S extends Shape = Shape> {
  readonly dtype: DType;
  readonly shape: S;
}

/** One application of an operator. `id` grows with creation, so sorting by it is a topological order. */
export interface Node {
  readonly id: number;
  readonly type: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly gradient: GradientRule | undefined;
  readonly stablehlo: StableHloRule;
  /** Where in the model it was traced, e.g. `encoder/blocks.0/attn`; read by profiles. */
  readonly scope: string;
}

export type Attributes = Readonly<Record<string, number | string | readonly number[] | Float>>;

/** An attribute that ONNX wants as a float even where its value is whole. */
export class Float {
  constructor(readonly value: number) {}
}

/** Given the adjoints of a node's outputs, the adjoints of its inputs (undefined: none flows there). */
export type GradientRule = (
  node: Node,
  dys: readonly (Tensor | undefined)[],
) => readonly (Tensor | undefined)[];

/**
 * A symbolic value of a tensor program: an element type, a shape, and what it is computed from.
 * Tensors are immutable and pure; a program is whatever its outputs reach.
 */
export class Tensor implements Spec {
  /** The node that computes this value; undefined for inputs and constants. */
  producer: Node | undefined;

  constructor(
    readonly dtype: DType,
    readonly shape: Shape,
    /** The value of a constant; undefined for inputs and computed values. */
    readonly data?: TensorData,
  ) {}

  get rank(): number {
    return this.shape.length;
  }
}

export const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;

const arrays = {
  bfloat16: Uint16Array,
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int32: Int32Array,
  bool: Uint8Array,
} as const;

/** A typed array of `dtype` holding `values`. */
export function toData(dtype: DType, values: ArrayLike<number>): TensorData {
  return dtype === 'int64'
    ? BigInt64Array.from(Array.from(values, (value) => BigInt(value)))
    : arrays[dtype].from(values);
}

/** A typed array of `dtype` with `count` zeros. */
export function zeroData(dtype: DType, count: number): TensorData {
  return dtype === 'int64' ? new BigInt64Array(count) : new arrays[dtype](count);
}

/** A value written into the program. A number makes a scalar (shape []). */
export function constant(
  value: number | ArrayLike<number>,
  { dtype = 'float32', shape }: { dtype?: DType; shape?: readonly number[] } = {},
): Tensor {
  if (dtype === 'float16' || dtype === 'bfloat16')
    throw new Error(`constant: there are no numbers of ${dtype} here; cast a float32 constant`);
  const values = typeof value === 'number' ? [value] : value;
  const dims = shape ?? (typeof value === 'number' ? [] : [values.length]);
  const data = values instanceof Float32Array && dtype === 'float32' ? values : toData(dtype, values);
  if (dims.reduce((a, b) => a * b, 1) !== data.length)
    throw new Error(`constant: ${data.length} values do not fill shape [${dims.join(', ')}]`);
  return new Tensor(dtype, dims, data);
}

/** The static sizes of a shape; an error where one is symbolic (gradients need static shapes). */
export function staticShape(tensor: Spec): readonly number[] {
  return tensor.shape.map((dim) => {
    if (typeof dim === 'number') return dim;
    throw new Error(
      `shape [${tensor.shape.join(', ')}] has the symbolic size "${dim}" where a number is needed`,
    );
  });
}

/** The size at `axis` (negative counts from the end) as a number; an error where it is symbolic or absent. */
export function size(tensor: Spec, axis: number): number {
  const dim = tensor.shape.at(axis);
  if (typeof dim === 'number') return dim;
  throw new Error(`shape [${tensor.shape.join(', ')}] has no static size at axis ${axis}`);
}

/** The number of elements, as a factor and at most one symbol: `batch*64` → {factor: 64, symbol: 'batch'}. */
export function elements(shape: Shape): { factor: number; symbol: string | undefined } {
  let factor = 1;
  let symbol: string | undefined;
  for (const dim of shape) {
    if (typeof dim === 'number') factor *= dim;
    else {
      if (symbol !== undefined) throw new Error(`shape [${shape.join(', ')}] has two symbolic sizes`);
      const [name, times] = dim.split('*');
      symbol = name;
      factor *= Number(times ?? 1);
    }
  }
  return { factor, symbol };
}

/** Multiplies a size by a number: `times('batch', 64)` is `batch*64`. */
export function times(dim: Dim, count: number): Dim {
  const { factor, symbol } = elements([dim]);
  return symbol === undefined
    ? factor * count
    : factor * count === 1
      ? symbol
      : `${symbol}*${factor * count}`;
}
