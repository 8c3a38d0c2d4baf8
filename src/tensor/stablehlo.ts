import type { Program } from './program.js';
import {
  type HloElement,
  type HloType,
  type HloValue,
  numberText,
  StableHloText,
  typeText,
} from './stablehlo-text.js';
import { type DType, elements, type Shape, type Tensor, type TensorData } from './tensor.js';

const elementNames: Readonly<Record<DType, HloElement>> = {
  bfloat16: 'bf16',
  float16: 'f16',
  float32: 'f32',
  float64: 'f64',
  int8: 'i8',
  int32: 'i32',
  int64: 'i64',
  bool: 'i1',
};

export interface StableHloOptions {
  /** What symbolic sizes are: StableHLO is written for static ones. */
  readonly sizes?: ReadonlyMap<string, number>;
  /** Inputs whose memory the outputs of the same paths take. */
  readonly donated?: ReadonlySet<string>;
  /** Devices that run it together, as a mesh of one axis; where absent, one runs it alone. */
  readonly mesh?: Mesh;
}

/** Devices that run a program together. */
export interface Mesh {
  readonly devices: number;
  /** Inputs that the devices share out along the first axis, and outputs of the same paths; they all have the others. */
  readonly shared: ReadonlySet<string>;
}

/**
 * A program as StableHLO text, arguments and results in the order of its inputs and outputs.
 * The same program gives the same text, whatever was traced before it.
 */
export function toStableHlo(
  program: Program,
  { sizes = new Map(), donated = new Set(), mesh }: StableHloOptions = {},
): string {
  const h = new StableHloText();
  const values = new Map<Tensor, HloValue>();
  const typeOf = ({ dtype, shape }: Tensor) => ({
    element: elementNames[dtype],
    shape: staticSizes(shape, sizes),
  });
  const written = (tensor: Tensor): HloValue => {
    const known = values.get(tensor);
    if (known !== undefined) return known;
    const data = tensor.data as TensorData;
    const type = typeOf(tensor);
    const value =
      type.shape.length === 0
        ? h.scalar(Number(data[0]), type.element)
        : h.constant(dataText(data, type.element), { element: type.element, shape: [data.length] });
    const shaped = h.reshape(value, type.shape);
    values.set(tensor, shaped);
    return shaped;
  };

  const outputs = new Map(program.outputs.map(([path], i) => [path, i]));
  const inputs = program.inputs.map(([path, tensor], i) => {
    const value = { ...typeOf(tensor), name: `%arg${i}` };
    values.set(tensor, value);
    const attributes = mesh ? [shardingText(value, mesh.shared.has(path))] : [];
    // Where a value is in parts, which memory goes to which output is XLA's to see.
    if (donated.has(path))
      attributes.push(mesh ? 'jax.buffer_donor = true' : `tf.aliasing_output = ${outputs.get(path)} : i32`);
    return `${value.name}: ${typeText(value)}${attributesText(attributes)}`;
  });
  for (const node of program.nodes) {
    const results = node.stablehlo(
      h,
      (i) => written(node.inputs[i] as Tensor),
      (i) => typeOf(node.outputs[i] as Tensor),
    );
    node.outputs.forEach((output, i) => {
      values.set(output, results[i] as HloValue);
    });
  }
  const results = program.outputs.map(([, tensor]) => written(tensor));
  const types = results.map(typeText).join(', ');
  const told = program.outputs.map(([path], i) => {
    const value = results[i] as HloValue;
    return `${typeText(value)}${attributesText(mesh ? [shardingText(value, mesh.shared.has(path))] : [])}`;
  });
  return [
    'module {',
    ...(mesh ? [`  sdy.mesh @mesh = <["data"=${mesh.devices}]>`] : []),
    `  func.func public @main(${inputs.join(', ')}) -> (${told.join(', ')}) {`,
    ...h.lines.map((line) => `    ${line}`),
    `    return ${results.map(({ name }) => name).join(', ')} : ${types}`,
    '  }',
    '}',
    '',
  ].join('\n');
}

/** How a value lies on a mesh, for Shardy: in parts along its first axis, or whole on every device. */
function shardingText({ shape }: HloType, shared: boolean): string {
  const axes = shape.map((_, axis) => (axis === 0 && shared ? '{"data"}' : '{}'));
  return `sdy.sharding = #sdy.sharding<@mesh, [${axes.join(', ')}]>`;
}

const attributesText = (attributes: readonly string[]): string =>
  attributes.length === 0 ? '' : ` {${attributes.join(', ')}}`;

/** Sizes as numbers, by what symbolic ones are. @throws Error where that of one is not told */
export function staticSizes(shape: Shape, sizes: ReadonlyMap<string, number>): number[] {
  return shape.map((dim) => {
    const { factor, symbol } = elements([dim]);
    const size = symbol === undefined ? 1 : sizes.get(symbol);
    if (size === undefined) throw new Error(`stablehlo: the size of ${symbol} is not told`);
    return factor * size;
  });
}

/** Numbers as MLIR reads them: few one by one, many as the hexadecimal digits of their bytes. */
function dataText(data: TensorData, element: HloElement): string {
  if (element === 'i1' || data.length <= 4)
    return `[${Array.from(data as ArrayLike<number>, (value) => numberText(value, element)).join(', ')}]`;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return `"0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()}"`;
}
