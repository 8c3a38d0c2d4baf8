import { z } from 'zod';
import { UserError } from '../errors.js';
import { parseJson } from '../json.js';

/** Numbers that a file may hold: float32, or float16 as its bits. */
export type Stored = Float32Array | Uint16Array;

/** Named tensors (of weights: float32) and text, as a safetensors file holds them. */
export interface Weights<T extends Stored = Float32Array> {
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: T }>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The parts of a safetensors file, one after the other: 8-byte header length, JSON header, raw little-endian numbers. */
export function encodeSafetensors({ tensors, metadata }: Weights<Stored>): Uint8Array[] {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: metadata };
  for (const [name, { shape, data }] of tensors) {
    const dtype = data instanceof Uint16Array ? 'F16' : 'F32';
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const json = new Uint8Array(text.length + (-text.length & 7)).fill(0x20);
  json.set(text);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  const numbers = [...tensors.values()].map(
    ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  return [length, json, ...numbers];
}

const natural = z.int().min(0);
const headerSchema = z.object({ __metadata__: z.record(z.string(), z.string()).optional() }).catchall(
  z.object({
    dtype: z.enum(['F32', 'F16']),
    shape: z.array(natural),
    data_offsets: z.tuple([natural, natural]),
  }),
);

/**
 * Reads the bytes of a safetensors file of tensors of one type.
 * @param path for messages
 * @throws UserError naming the file when it is damaged or of another kind
 */
export function decodeSafetensors(bytes: Uint8Array, path: string, dtype: 'F32' | 'F16'): Weights<Stored> {
  const kind = dtype === 'F32' ? 'float32' : 'float16';
  const bad = (why: string): UserError =>
    new UserError(`${path}: not a safetensors file of ${kind} numbers (${why})`);
  if (bytes.length < 8) throw bad('too short');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > bytes.length - 8) throw bad('header longer than the file');
  const json = parseJson(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  if (json === undefined) throw bad('header is no JSON');
  const header = headerSchema.safeParse(json);
  if (!header.success) throw bad(`header ${header.error.issues[0]?.path.join('.') ?? ''}`.trim());
  const { __metadata__: metadata = {}, ...entries } = header.data;
  const tensors = new Map<string, { shape: number[]; data: Stored }>();
  const width = dtype === 'F32' ? 4 : 2;
  for (const [name, { dtype: own, shape, data_offsets: offsets }] of Object.entries(entries)) {
    const [start, end] = offsets;
    if (own !== dtype) throw bad(`header ${name}.dtype`);
    if (end - start !== width * shape.reduce((a, b) => a * b, 1)) throw bad(`tensor ${name}`);
    const first = bytes.byteOffset + 8 + length;
    if (8 + length + end > bytes.length) throw bad(`tensor ${name} is cut off`);
    const numbers = bytes.buffer.slice(first + start, first + end);
    tensors.set(name, {
      shape,
      data: dtype === 'F32' ? new Float32Array(numbers) : new Uint16Array(numbers),
    });
  }
  return { tensors, metadata };
}
