import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { readFields } from './protobuf.js';

/** An input or output of a model. */
export interface OnnxValue {
  readonly name: string;
  /** What its numbers are, `float32` for one; undefined where the file does not say it. */
  readonly type: string | undefined;
  /** Its sizes, where they are fixed numbers; undefined where the file does not say its rank. */
  readonly shape: readonly (number | undefined)[] | undefined;
}

/** Types of numbers, by the numbers that onnx.proto gives them; later ones are of 8 bits and fewer. */
const types =
  'none float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64 uint32 uint64 complex64 complex128 bfloat16'.split(
    ' ',
  );

/** What an ONNX file says of itself, without its numbers. */
export interface OnnxHeader {
  /** Of the format; what it was published with knows it. */
  readonly irVersion: number;
  /** Number of ONNX's own operator set; undefined where it uses none of these. */
  readonly operatorSet: number | undefined;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Sizes of the weights. */
  readonly weights: readonly (readonly number[])[];
  /** Files beside it that hold weights. */
  readonly externalFiles: readonly string[];
  /** Types of its nodes, as often as they occur. */
  readonly operators: readonly string[];
}

/**
 * Reads what an ONNX model is fed, gives and is made of. Field numbers are those of onnx.proto.
 * @throws Error where the bytes are no ONNX model, or were cut off
 */
export function readOnnxHeader(file: Uint8Array): OnnxHeader {
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  const weights: { readonly name: string; readonly shape: readonly number[] }[] = [];
  const externalFiles = new Set<string>();
  const operators: string[] = [];
  let irVersion = 0;
  let operatorSet: number | undefined;
  readFields(file, (of, model) => {
    if (of === 1) irVersion = Number(model.int64());
    if (of === 8) operatorSet = readOwnSet(model.bytes()) ?? operatorSet;
    if (of !== 7) return;
    readFields(model.bytes(), (part, graph) => {
      if (part === 1) operators.push(readOperator(graph.bytes()));
      if (part === 5) weights.push(readWeight(graph.bytes(), externalFiles));
      if (part === 11) inputs.push(readValue(graph.bytes()));
      if (part === 12) outputs.push(readValue(graph.bytes()));
    });
  });
  if (outputs.length === 0) throw new Error('there is no graph with an output');
  // Older files list the weights among the inputs.
  const stored = new Set(weights.map(({ name }) => name));
  return {
    irVersion,
    operatorSet,
    inputs: inputs.filter(({ name }) => !stored.has(name)),
    outputs,
    weights: weights.map(({ shape }) => shape),
    externalFiles: [...externalFiles],
    operators,
  };
}

/** The number of an operator set, where it is that of ONNX itself. */
function readOwnSet(bytes: Uint8Array): number | undefined {
  let domain = '';
  let version = 0;
  readFields(bytes, (field, set) => {
    if (field === 1) domain = set.string();
    if (field === 2) version = Number(set.int64());
  });
  return domain === '' || domain === 'ai.onnx' ? version : undefined;
}

function readOperator(bytes: Uint8Array): string {
  let type = '';
  readFields(bytes, (field, node) => {
    if (field === 4) type = node.string();
  });
  return type;
}

function readWeight(bytes: Uint8Array, externalFiles: Set<string>): { name: string; shape: number[] } {
  let name = '';
  const shape: number[] = [];
  readFields(bytes, (field, tensor, type) => {
    if (field === 1 && type === WireType.Varint) shape.push(Number(tensor.int64()));
    if (field === 1 && type === WireType.LengthDelimited) {
      const packed = new BinaryReader(tensor.bytes());
      while (packed.pos < packed.len) shape.push(Number(packed.int64()));
    }
    if (field === 8) name = tensor.string();
    if (field === 13) {
      let key = '';
      let value = '';
      readFields(tensor.bytes(), (part, entry) => {
        if (part === 1) key = entry.string();
        if (part === 2) value = entry.string();
      });
      if (key === 'location') externalFiles.add(value);
    }
  });
  return { name, shape };
}

function readValue(bytes: Uint8Array): OnnxValue {
  let name = '';
  let element: string | undefined;
  let shape: (number | undefined)[] | undefined;
  readFields(bytes, (field, value) => {
    if (field === 1) name = value.string();
    if (field === 2)
      readFields(value.bytes(), (kind, type) => {
        if (kind !== 1) return;
        readFields(type.bytes(), (part, tensor) => {
          if (part === 1) {
            const number = tensor.int32();
            element = types[number] ?? `type ${number} of ONNX`;
          }
          if (part !== 2) return;
          const sizes: (number | undefined)[] = [];
          readFields(tensor.bytes(), (_, dims) => sizes.push(readSize(dims.bytes())));
          shape = sizes;
        });
      });
  });
  return { name, type: element, shape };
}

function readSize(bytes: Uint8Array): number | undefined {
  let size: number | undefined;
  readFields(bytes, (field, dim) => {
    if (field === 1) size = Number(dim.int64());
  });
  return size;
}
