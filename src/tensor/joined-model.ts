import { type OnnxHeader, readOnnxHeader } from './onnx-header.js';
import type { Program } from './program.js';
import { type Change, copyFields, readFields, unchanged } from './protobuf.js';

/**
 * A model that a program calls, within the program's own file. Protocol buffers are joined by writing one after the other,
 * so it is written as fields of the file, its nodes and weights as they are. Field numbers are those of onnx.proto.
 */
export interface JoinedModel {
  readonly header: OnnxHeader;
  /** The operator sets that it imports, and the functions that its nodes call: fields of a model. */
  readonly imports: Uint8Array;
  /**
   * Its nodes and weights: fields of a graph.
   * @param rename gives every value of it another name
   */
  readonly parts: (rename: (name: string) => string) => Uint8Array;
}

/**
 * The model that a program calls; undefined where it calls none of those that are given.
 * @param models as files hold them, by name
 */
export function calledModel(
  { name, nodes }: Program,
  models: Readonly<Record<string, Uint8Array>>,
): JoinedModel | undefined {
  const called = new Set(
    nodes.flatMap(({ type, attributes: { model } }) => (type === 'Call' ? [model] : [])),
  );
  const [bytes] = [...called].flatMap((model) => models[model as string] ?? []);
  if (bytes === undefined) return undefined;
  if (called.size > 1) throw new Error(`${name} calls several models, whose operator sets may differ`);
  return {
    header: readOnnxHeader(bytes),
    imports: copyFields(bytes, (field) => (field === 8 || field === 25 ? unchanged : undefined)),
    parts: (rename) => graphParts(bytes, rename),
  };
}

function graphParts(model: Uint8Array, rename: (name: string) => string): Uint8Array {
  const text: Change = (bytes) => {
    const name = new TextDecoder().decode(bytes);
    // An optional input that is not given has no name.
    return name === '' ? bytes : new TextEncoder().encode(rename(name));
  };
  const message =
    (changes: Readonly<Record<number, Change>>): Change =>
    (bytes) =>
      copyFields(bytes, (field) => changes[field] ?? unchanged);
  const value = message({ 1: text });
  const tensor = message({ 8: text });
  // A branch, or the body of a loop, is a graph too, and sees the values around it.
  const inner: Change = (bytes) => message({ ...parts, 11: value, 12: value })(bytes);
  const parts: Readonly<Record<number, Change>> = {
    1: message({ 1: text, 2: text, 5: message({ 6: inner, 11: inner }) }),
    5: tensor,
    13: value,
    15: message({ 1: tensor }),
  };
  let found = new Uint8Array();
  readFields(model, (field, reader) => {
    if (field === 7) found = copyFields(reader.bytes(), (part) => parts[part]);
  });
  return found;
}
