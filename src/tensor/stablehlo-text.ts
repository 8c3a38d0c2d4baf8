/** Element types as StableHLO calls them. */
export type HloElement = 'bf16' | 'f16' | 'f32' | 'f64' | 'i8' | 'i32' | 'i64' | 'i1';

export interface HloType {
  readonly element: HloElement;
  readonly shape: readonly number[];
}

/** A value that has been written, by its name in the text. */
export interface HloValue extends HloType {
  readonly name: string;
}

/**
 * How a node is written in StableHLO.
 * @param input writes where it is needed, and gives, the node's input of that number
 * @param output what the node's output of that number looks like; sizes are static by now
 * @returns all outputs
 */
export type StableHloRule = (
  h: StableHloText,
  input: (index: number) => HloValue,
  output: (index: number) => HloType,
) => readonly HloValue[];

/** `tensor<2x3xf32>` */
export const typeText = ({ element, shape }: HloType): string => `tensor<${[...shape, element].join('x')}>`;
const listText = (values: readonly number[]): string => `[${values.join(', ')}]`;
const sameShape = (a: readonly number[], b: readonly number[]): boolean => `${a}` === `${b}`;

const infinities: Partial<Record<HloElement, string>> = {
  f32: '7F800000',
  f64: '7FF0000000000000',
};

/** A number as MLIR writes it: of floats with a point, infinities by their bits. */
export function numberText(value: number | bigint | boolean, element: HloElement): string {
  if (element === 'i1') return value ? 'true' : 'false';
  if (element.startsWith('i')) return String(value);
  if (Number.isFinite(value))
    return Number(value)
      .toExponential()
      .replace(/^(-?\d)e/, '$1.0e');
  const bits = BigInt(`0x${infinities[element]}`);
  const sign = value === -Infinity ? 1n << BigInt(Number(element.slice(1)) - 1) : 0n;
  return `0x${(bits | sign).toString(16).toUpperCase()}`;
}

/** The body of a StableHLO function, written operation by operation; each gives the value that it computes. */
export class StableHloText {
  readonly lines: string[] = [];
  readonly #scalars = new Map<string, HloValue>();

  /** One operation. @param text all of it that stands behind the `=` */
  emit(text: string, { element, shape }: HloType): HloValue {
    const name = `%${this.lines.length}`;
    this.lines.push(`${name} = ${text}`);
    return { name, element, shape };
  }

  /** An operation on operands of the result's own type, such as `add`. */
  elementwise(operation: string, ...operands: readonly [HloValue, ...HloValue[]]): HloValue {
    const names = operands.map(({ name }) => name).join(', ');
    return this.emit(`stablehlo.${operation} ${names} : ${typeText(operands[0])}`, operands[0]);
  }

  /** The error function. */
  erf(x: HloValue): HloValue {
    return this.emit(`chlo.erf ${x.name} : ${typeText(x)} -> ${typeText(x)}`, x);
  }

  compare(direction: 'EQ' | 'GT' | 'LT', a: HloValue, b: HloValue): HloValue {
    const result: HloType = { element: 'i1', shape: a.shape };
    const types = `(${typeText(a)}, ${typeText(b)}) -> ${typeText(result)}`;
    return this.emit(`stablehlo.compare ${direction}, ${a.name}, ${b.name} : ${types}`, result);
  }

  select(condition: HloValue, a: HloValue, b: HloValue): HloValue {
    const names = [condition, a, b].map(({ name }) => name).join(', ');
    return this.emit(`stablehlo.select ${names} : ${typeText(condition)}, ${typeText(a)}`, a);
  }

  convert(x: HloValue, element: HloElement): HloValue {
    return x.element === element ? x : this.#apply('convert', [x], '', { element, shape: x.shape });
  }

  reshape(x: HloValue, shape: readonly number[]): HloValue {
    return sameShape(x.shape, shape) ? x : this.#apply('reshape', [x], '', { element: x.element, shape });
  }

  transpose(x: HloValue, order: readonly number[]): HloValue {
    const shape = order.map((axis) => x.shape[axis] as number);
    return this.#apply('transpose', [x], `, dims = ${listText(order)}`, { element: x.element, shape });
  }

  /** Repeats along axes of size 1 and new leading axes. */
  broadcast(x: HloValue, shape: readonly number[]): HloValue {
    if (sameShape(x.shape, shape)) return x;
    const axes = x.shape.map((_, i) => i + shape.length - x.shape.length);
    return this.#apply('broadcast_in_dim', [x], `, dims = ${listText(axes)}`, { element: x.element, shape });
  }

  /** One number everywhere. */
  fill(value: number, { element, shape }: HloType): HloValue {
    return this.broadcast(this.scalar(value, element), shape);
  }

  /** A number, written once. */
  scalar(value: number, element: HloElement): HloValue {
    const key = numberText(value, element) + element;
    const known = this.#scalars.get(key) ?? this.constant(numberText(value, element), { element, shape: [] });
    this.#scalars.set(key, known);
    return known;
  }

  /** @param numbers as MLIR has them */
  constant(numbers: string, type: HloType): HloValue {
    return this.emit(`stablehlo.constant dense<${numbers}> : ${typeText(type)}`, type);
  }

  /** The part [start, end) along one axis. */
  slice(x: HloValue, axis: number, start: number, end: number): HloValue {
    const ranges = x.shape.map((dim, i) => (i === axis ? `${start}:${end}` : `0:${dim}`));
    const shape = x.shape.map((dim, i) => (i === axis ? end - start : dim));
    const result = { element: x.element, shape };
    const types = `(${typeText(x)}) -> ${typeText(result)}`;
    return this.emit(`stablehlo.slice ${x.name} [${ranges.join(', ')}] : ${types}`, result);
  }

  concatenate(parts: readonly HloValue[], axis: number, result: HloType): HloValue {
    return this.#apply('concatenate', parts, `, dim = ${axis}`, result);
  }

  /** Folds the axes, which stay with size 1. */
  reduce(operation: 'add' | 'maximum' | 'minimum', x: HloValue, axes: readonly number[]): HloValue {
    const { element, shape } = x;
    const start = this.scalar({ add: 0, maximum: -Infinity, minimum: Infinity }[operation], element);
    const result: HloType = { element, shape: shape.filter((_, i) => !axes.includes(i)) };
    const folded = this.emit(
      `stablehlo.reduce(${x.name} init: ${start.name}) applies stablehlo.${operation} across dimensions = ` +
        `${listText(axes)} : (${typeText(x)}, ${typeText(start)}) -> ${typeText(result)}`,
      result,
    );
    return this.reshape(
      folded,
      shape.map((dim, i) => (axes.includes(i) ? 1 : dim)),
    );
  }

  /** The mean over the last axis, which stays with size 1. */
  meanOfLast(x: HloValue): HloValue {
    const total = this.reduce('add', x, [x.shape.length - 1]);
    return this.elementwise('divide', total, this.fill(x.shape.at(-1) as number, total));
  }

  /**
   * Products of matrices in the last two axes, for every index of the `batch` leading axes, which both have.
   * Float32 is multiplied as float32: some devices' own choice is fewer bits. Sums are float32's at least.
   */
  product(a: HloValue, b: HloValue, batch: number, result: HloType): HloValue {
    const leading = listText(Array.from({ length: batch }, (_, i) => i));
    const batching = batch === 0 ? '' : `, batching_dims = ${leading} x ${leading}`;
    const contracting = `, contracting_dims = [${a.shape.length - 1}] x [${b.shape.length - 2}]`;
    const precision = a.element === 'bf16' ? '' : ', precision = [HIGHEST, HIGHEST]';
    return this.#apply('dot_general', [a, b], `${batching}${contracting}${precision}`, result);
  }

  /** Rows of the last axis at positions. @param numbers of axes, as StableHLO has them */
  gather(
    x: HloValue,
    positions: HloValue,
    result: HloType,
    numbers: Readonly<Record<string, readonly number[]>>,
  ): HloValue {
    const axes = Object.entries(numbers).map(([key, list]) => `${key} = ${listText(list)}`);
    const sizes = x.shape.map((dim, i) => (i === x.shape.length - 1 ? dim : 1));
    return this.emit(
      `"stablehlo.gather"(${x.name}, ${positions.name}) <{dimension_numbers = #stablehlo.gather<` +
        `${axes.join(', ')}, index_vector_dim = 2>, slice_sizes = array<i64: ${sizes.join(', ')}>, ` +
        `indices_are_sorted = false}> : (${typeText(x)}, ${typeText(positions)}) -> ${typeText(result)}`,
      result,
    );
  }

  #apply(operation: string, operands: readonly HloValue[], attributes: string, result: HloType): HloValue {
    const names = operands.map(({ name }) => name).join(', ');
    const types = `(${operands.map(typeText).join(', ')}) -> ${typeText(result)}`;
    return this.emit(`stablehlo.${operation} ${names}${attributes} : ${types}`, result);
  }
}
