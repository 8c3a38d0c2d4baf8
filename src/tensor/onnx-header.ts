import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** An input or output of a model. */
export interface OnnxValue {
  readonly name: string;
  /** Its sizes, where they are fixed numbers; undefined where the file does not say its rank. */
  readonly shape: readonly (number | undefined)[] | undefined;
}

/** What an ONNX file says of itself, without its numbers. */
export interface OnnxHeader {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Sizes of the weights. */
  readonly weights: readonly (readonly number[])[];
  /** Files beside it that hold weights. */
  readonly externalFiles: readonly string[];
  /** Types of its nodes, as often as they occur. */
  readonly operators: readonly string[];
}

/** Reads a field of a protobuf message, or leaves it. */
type Field = (number: number, reader: BinaryReader, type: WireType) => void;

function read(bytes: Uint8Array, field: Field): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const before = reader.pos;
    field(number, reader, type);
    if (reader.pos === before) reader.skip(type, number);
  }
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
  read(file, (of, model) => {
    if (of !== 7) return;
    read(model.bytes(), (part, graph) => {
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
    inputs: inputs.filter(({ name }) => !stored.has(name)),
    outputs,
    weights: weights.map(({ shape }) => shape),
    externalFiles: [...externalFiles],
    operators,
  };
}

function readOperator(bytes: Uint8Array): string {
  let type = '';
  read(bytes, (field, node) => {
    if (field === 4) type = node.string();
  });
  return type;
}

function readWeight(bytes: Uint8Array, externalFiles: Set<string>): { name: string; shape: number[] } {
  let name = '';
  const shape: number[] = [];
  read(bytes, (field, tensor, type) => {
    if (field === 1 && type === WireType.Varint) shape.push(Number(tensor.int64()));
    if (field === 1 && type === WireType.LengthDelimited) {
      const packed = new BinaryReader(tensor.bytes());
      while (packed.pos < packed.len) shape.push(Number(packed.int64()));
    }
    if (field === 8) name = tensor.string();
    if (field === 13) {
      let key = '';
      let value = '';
      read(tensor.bytes(), (part, entry) => {
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
  let shape: (number | undefined)[] | undefined;
  read(bytes, (field, value) => {
    if (field === 1) name = value.string();
    if (field === 2)
      read(value.bytes(), (kind, type) => {
        if (kind !== 1) return;
        read(type.bytes(), (part, tensor) => {
          if (part !== 2) return;
          const sizes: (number | undefined)[] = [];
          read(tensor.bytes(), (_, dims) => sizes.push(readSize(dims.bytes())));
          shape = sizes;
        });
      });
  });
  return { name, shape };
}

function readSize(bytes: Uint8Array): number | undefined {
  let size: number | undefined;
  read(bytes, (field, dim) => {
    if (field === 1) size = Number(dim.int64());
  });
  return size;
}
