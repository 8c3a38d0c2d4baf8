import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.js';

/** Numbers that a file may hold: float32, or float16 as its bits. */
type Stored = Float32Array | Uint16Array;

/** Named tensors (of weights: float32) and text, as a safetensors file holds them. */
export interface Weights<T extends Stored = Float32Array> {
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: T }>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes a file so that it is either whole or not there: to a temporary name beside it, flushed to the disk, renamed.
 * Leaves nothing behind when the disk is full.
 * @throws Error of the system, its `path` the file that was to be written
 */
export function writeAtomically(path: string, parts: readonly Uint8Array[]): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, 'w');
    try {
      for (const part of parts) for (let at = 0; at < part.length; ) at += writeSync(file, part, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw Object.assign(error as Error, { path });
  }
}

/** Has the names in a folder on the disk; Windows, which cannot be asked for it, does so by itself. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Writes a safetensors file (8-byte header length, JSON header, raw little-endian numbers), atomically. */
export function writeSafetensors(path: string, { tensors, metadata }: Weights<Stored>): void {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: metadata };
  for (const [name, { shape, data }] of tensors) {
    const dtype = data instanceof Uint16Array ? 'F16' : 'F32';
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = JSON.stringify(header);
  const bytes = Buffer.byteLength(text);
  const json = new TextEncoder().encode(text + ' '.repeat(-bytes & 7));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  const numbers = [...tensors.values()].map(
    ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  writeAtomically(path, [length, json, ...numbers]);
}

const natural = z.int().min(0);
const headerSchema = z.object({ __metadata__: z.record(z.string(), z.string()).optional() }).catchall(
  z.object({
    dtype: z.enum(['F32', 'F16']),
    shape: z.array(natural),
    data_offsets: z.tuple([natural, natural]),
  }),
);

/** Reads a safetensors file of float32 tensors. @throws UserError naming the file when it is damaged or of another kind */
export function readSafetensors(path: string): Weights {
  return readStored(path, 'F32') as Weights;
}

/** Reads a safetensors file of tensors of one type. @throws UserError as {@link readSafetensors} */
export function readStored(path: string, dtype: 'F32' | 'F16'): Weights<Stored> {
  const bytes = readFileSync(path);
  const kind = dtype === 'F32' ? 'float32' : 'float16';
  const bad = (why: string): UserError =>
    new UserError(`${path}: not a safetensors file of ${kind} numbers (${why})`);
  if (bytes.length < 8) throw bad('too short');
  const length = Number(bytes.readBigUInt64LE(0));
  if (length > bytes.length - 8) throw bad('header longer than the file');
  let json: unknown;
  try {
    json = JSON.parse(bytes.subarray(8, 8 + length).toString('utf8'));
  } catch {
    throw bad('header is no JSON');
  }
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
