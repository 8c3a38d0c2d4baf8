import { z } from 'zod';
import { UserError } from '../errors.js';
import { notFetched } from '../git-lfs.js';
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
    dtype: z.string(),
    shape: z.array(natural),
    data_offsets: z.tuple([natural, natural]),
  }),
);

/** Bytes of a number, and how many are read as float32. */
const types: Readonly<Record<string, { readonly width: number; widen(bytes: ArrayBuffer): Float32Array }>> = {
  F64: { width: 8, widen: (bytes) => Float32Array.from(new Float64Array(bytes)) },
  F32: { width: 4, widen: (bytes) => new Float32Array(bytes) },
  F16: { width: 2, widen: (bytes) => Float32Array.from(new Uint16Array(bytes), floatOfHalf) },
  // The upper half of a float32.
  BF16: {
    width: 2,
    widen: (bytes) =>
      new Float32Array(Uint32Array.from(new Uint16Array(bytes), (half) => half * 2 ** 16).buffer),
  },
};

/** The number that a float16's bits mean. */
function floatOfHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A file's bytes, in memory or on a disk, where they may be more than memory takes at once. */
export interface FileBytes {
  readonly size: number;
  /** Those from a place to before another, in memory of their own. */
  read(start: number, end: number): ArrayBuffer;
}

const inMemory = ({ buffer, byteOffset, length }: Uint8Array): FileBytes => ({
  size: length,
  read: (start, end) => buffer.slice(byteOffset + start, byteOffset + end) as ArrayBuffer,
});

/** A tensor as it lies in a file. */
interface Lying {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Reads its bytes. */
  readonly bytes: () => ArrayBuffer;
  readonly widen: () => Float32Array;
}

/** Takes a file apart. @param kind what its numbers are to be, for messages @param isRead which types are read */
function takeApart(
  { size, read }: FileBytes,
  path: string,
  kind: string,
  isRead: (dtype: string) => boolean,
): { readonly lying: readonly Lying[]; readonly metadata: Weights['metadata'] } {
  const bad = (why: string): UserError =>
    new UserError(`${path}: not a safetensors file of ${kind} numbers (${why})`);
  if (size < 8) throw bad('too short');
  const pointer = notFetched(new Uint8Array(read(0, Math.min(size, 100))));
  if (pointer !== undefined) throw bad(pointer);
  const length = Number(new DataView(read(0, 8)).getBigUint64(0, true));
  if (length > size - 8) throw bad('header longer than the file');
  const json = parseJson(new TextDecoder().decode(read(8, 8 + length)));
  if (json === undefined) throw bad('header is no JSON');
  const header = headerSchema.safeParse(json);
  if (!header.success) throw bad(`header ${header.error.issues[0]?.path.join('.') ?? ''}`.trim());
  const { __metadata__: metadata = {}, ...entries } = header.data;
  const lying = Object.entries(entries).map(([name, { dtype, shape, data_offsets: offsets }]): Lying => {
    const [start, end] = offsets;
    const type = types[dtype];
    if (type === undefined || !isRead(dtype)) throw bad(`header ${name}.dtype`);
    if (end - start !== type.width * shape.reduce((a, b) => a * b, 1)) throw bad(`tensor ${name}`);
    const first = 8 + length;
    if (first + end > size) throw bad(`tensor ${name} is cut off`);
    const own = (): ArrayBuffer => read(first + start, first + end);
    return { name, dtype, shape, bytes: own, widen: () => type.widen(own()) };
  });
  return { lying, metadata };
}

/**
 * Reads the bytes of a safetensors file of tensors of one type.
 * @param path for messages
 * @throws UserError naming the file when it is damaged or of another kind
 */
export function decodeSafetensors(bytes: Uint8Array, path: string, dtype: 'F32' | 'F16'): Weights<Stored> {
  const kind = dtype === 'F32' ? 'float32' : 'float16';
  const { lying, metadata } = takeApart(inMemory(bytes), path, kind, (own) => own === dtype);
  const tensors = lying.map(({ name, shape, bytes: own }) => {
    const data = dtype === 'F32' ? new Float32Array(own()) : new Uint16Array(own());
    return [name, { shape, data }] as const;
  });
  return { tensors: new Map(tensors), metadata };
}

/**
 * Reads a safetensors file whose numbers are of any floating-point types, tensor by tensor, as float32.
 * @param path for messages
 * @returns the tensors, and the types that they were of, such as `F16`
 * @throws UserError naming the file when it is damaged or holds other numbers
 */
export function decodeFloats(
  bytes: FileBytes,
  path: string,
): { readonly tensors: Weights['tensors']; readonly types: readonly string[] } {
  const { lying } = takeApart(bytes, path, 'floating-point', () => true);
  return {
    tensors: new Map(lying.map(({ name, shape, widen }) => [name, { shape, data: widen() }])),
    types: [...new Set(lying.map(({ dtype }) => dtype))],
  };
}
