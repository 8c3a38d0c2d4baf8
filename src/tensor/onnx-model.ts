import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { calledModel } from './joined-model.js';
import { inOperatorSet } from './older-operators.js';
import type { Program } from './program.js';
import { elementType, Float, type Node, type Spec, type Tensor, type TensorData } from './tensor.js';

/** Operator set 20 is the first with Gelu; IR version 9 is the one it was published with. */
const OPSET = 20;
const IR_VERSION = 9;

/** Writes one message as field `field` of `writer`. Field numbers below are those of onnx.proto. */
function message(writer: BinaryWriter, field: number, write: (inner: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}
const text = (writer: BinaryWriter, field: number, value: string): BinaryWriter =>
  writer.tag(field, WireType.LengthDelimited).string(value);
const integer = (writer: BinaryWriter, field: number, value: number): BinaryWriter =>
  writer.tag(field, WireType.Varint).int64(value);

function writeAttribute(writer: BinaryWriter, name: string, value: Node['attributes'][string]): void {
  text(writer, 1, name);
  if (value instanceof Float) {
    writer.tag(2, WireType.Bit32).float(value.value);
    integer(writer, 20, 1);
  } else if (typeof value === 'number') {
    integer(writer, 3, value);
    integer(writer, 20, 2);
  } else if (typeof value === 'string') {
    text(writer, 4, value);
    integer(writer, 20, 3);
  } else {
    for (const item of value) integer(writer, 8, item);
    integer(writer, 20, 7);
  }
}

function bytes(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function writeNode(
  writer: BinaryWriter,
  node: Node,
  place: number,
  nameOf: (tensor: Tensor) => string,
): void {
  for (const input of node.inputs) text(writer, 1, nameOf(input));
  for (const output of node.outputs) text(writer, 2, nameOf(output));
  text(writer, 3, `${node.scope}/${node.type}.${place}`);
  text(writer, 4, node.type);
  for (const [key, value] of Object.entries(node.attributes))
    message(writer, 5, (attribute) => writeAttribute(attribute, key, value));
}

function writeTensor(writer: BinaryWriter, name: string, tensor: Tensor, data: TensorData): void {
  for (const dim of tensor.shape) integer(writer, 1, dim as number);
  integer(writer, 2, elementType[tensor.dtype]);
  text(writer, 8, name);
  writer.tag(9, WireType.LengthDelimited).bytes(bytes(data));
}

function writeValueInfo(writer: BinaryWriter, name: string, spec: Spec): void {
  text(writer, 1, name);
  message(writer, 2, (type) =>
    message(type, 1, (tensor) => {
      integer(tensor, 1, elementType[spec.dtype]);
      message(tensor, 2, (shape) => {
        for (const dim of spec.shape)
          message(shape, 1, (d) => (typeof dim === 'number' ? integer(d, 1, dim) : text(d, 2, dim)));
      });
    }),
  );
}

/** Names for every value: inputs and outputs keep theirs, the rest are numbered. */
function nameValues(
  program: Program,
  nameOutput: (path: string) => string,
): { names: Map<Tensor, string>; aliases: [string, string][] } {
  const names = new Map<Tensor, string>();
  for (const [path, tensor] of program.inputs) {
    if (/^(out|constant)\./.test(path))
      throw new Error(
        `${program.name}: input ${path} needs a name that does not begin with "out" or "constant"`,
      );
    names.set(tensor, path);
  }
  const aliases: [string, string][] = [];
  for (const [path, tensor] of program.outputs) {
    const taken = names.get(tensor);
    // A value that is an input, a constant or already another output is passed through an Identity.
    if (taken !== undefined || tensor.producer === undefined)
      aliases.push([taken ?? `constant.${path}`, nameOutput(path)]);
    if (taken === undefined)
      names.set(tensor, tensor.producer === undefined ? `constant.${path}` : nameOutput(path));
  }
  return { names, aliases };
}

/** Output `path` of a program is called this in its ONNX graph (an input may have the same path). */
export function outputName(path: string): string {
  return `out.${path}`;
}

/**
 * Serialises a program as an ONNX model (protobuf bytes), with standard operators only, but for those of a model that
 * it calls. One that is traced again from the same function has the same bytes.
 * @param nameOutput what an output is called in the graph: no input's name
 * @param models what the program calls, as files hold it: nodes and weights of it stand in the place of a call, as they
 *   are, and the program is written in its operator set. Where it is not given, the call stays a node, which nothing runs.
 * @throws Error where several models are called, UserError for one of an operator set that is too old
 */
export function toOnnx(
  traced: Program,
  nameOutput = outputName,
  models: Readonly<Record<string, Uint8Array>> = {},
): Uint8Array {
  const joined = calledModel(traced, models);
  const program = inOperatorSet(traced, joined?.header.operatorSet ?? OPSET);
  const { names, aliases } = nameValues(program, nameOutput);
  const constants = new Map<string, Tensor>();
  const shared = new Map<string, string>();
  const taken = new Set(names.values());
  let numbered = 0;
  const nameOf = (tensor: Tensor): string => {
    let name = names.get(tensor);
    if (name === undefined) {
      do name = `v${numbered++}`;
      while (taken.has(name));
      names.set(tensor, name);
    }
    if (tensor.data === undefined) return name;
    // Small equal constants (axes, factors) are stored once.
    const key = tensor.data.length > 16 ? name : `${tensor.dtype}[${tensor.shape}]${tensor.data}`;
    const stored = shared.get(key) ?? name;
    shared.set(key, stored);
    constants.set(stored, tensor);
    return stored;
  };

  const writer = new BinaryWriter();
  integer(writer, 1, Math.max(IR_VERSION, joined?.header.irVersion ?? 0));
  text(writer, 2, 'image-world-models');
  if (joined !== undefined) writer.raw(joined.imports);
  if (joined?.header.operatorSet === undefined)
    message(writer, 8, (opset) => integer(text(opset, 1, ''), 2, OPSET));
  message(writer, 7, (graph) => {
    for (const [place, node] of program.nodes.entries())
      if (joined !== undefined && node.type === 'Call') {
        const [input, output] = [...node.inputs, ...node.outputs] as [Tensor, Tensor];
        const given = new Map([
          [joined.header.inputs[0]?.name, nameOf(input)],
          [node.attributes.output as string, nameOf(output)],
        ]);
        graph.raw(joined.parts((name) => given.get(name) ?? `called.${place}/${name}`));
      } else message(graph, 1, (n) => writeNode(n, node, place, nameOf));
    for (const [from, to] of aliases) {
      const tensor = program.outputs.find(([path]) => nameOutput(path) === to)?.[1];
      const source = tensor?.data === undefined ? from : nameOf(tensor);
      message(graph, 1, (n) => text(text(text(n, 1, source), 2, to), 4, 'Identity'));
    }
    text(graph, 2, program.name);
    for (const [name, tensor] of constants)
      message(graph, 5, (t) => writeTensor(t, name, tensor, tensor.data as TensorData));
    for (const [path, tensor] of program.inputs)
      message(graph, 11, (info) => writeValueInfo(info, path, tensor));
    for (const [path, tensor] of program.outputs)
      message(graph, 12, (info) => writeValueInfo(info, nameOutput(path), tensor));
  });
  return writer.finish();
}
