import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../errors.js';

/** Named float32 tensors and text, as a safetensors file holds them. */
export interface Weights {
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes a file so that it is either whole or not there: to a temporary name beside it, flushed to the disk, renamed.
 * Leaves nothing behind when the disk is full.
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
    const folder = openSync(dirname(path), 'r');
    fsyncSync(folder);
    closeSync(folder);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Writes a safetensors file (8-byte header length, JSON header, raw little-endian numbers), atomically. */
export function writeSafetensors(path: string, { tensors, metadata }: Weights): void {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: metadata };
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = JSON.stringify(header);
  const json = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  const numbers = [...tensors.values()].map(
    ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  writeAtomically(path, [length, json, ...numbers]);
}

/** Reads a safetensors file of float32 tensors. @throws UserError naming the file when it is damaged or of another kind */
export function readSafetensors(path: string): Weights {
  const bytes = readFileSync(path);
  const bad = (why: string): UserError =>
    new UserError(`${path}: not a safetensors file of float32 numbers (${why})`);
  if (bytes.length < 8) throw bad('too short');
  const length = Number(bytes.readBigUInt64LE(0));
  if (length > bytes.length - 8) throw bad('header longer than the file');
  let header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  try {
    header = JSON.parse(bytes.subarray(8, 8 + length).toString('utf8'));
  } catch {
    throw bad('header is no JSON');
  }
  const { __metadata__: metadata, ...entries } = header;
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const [name, entry] of Object.entries(entries)) {
    const [start, end] = entry?.data_offsets ?? [];
    const count = entry?.shape?.reduce((a, b) => a * b, 1);
    if (
      entry?.dtype !== 'F32' ||
      start === undefined ||
      end === undefined ||
      end - start !== (count ?? -1) * 4
    )
      throw bad(`tensor ${name}`);
    if (8 + length + end > bytes.length) throw bad(`tensor ${name} is cut off`);
    const copy = bytes.buffer.slice(
      bytes.byteOffset + 8 + length + start,
      bytes.byteOffset + 8 + length + end,
    );
    tensors.set(name, { shape: entry.shape, data: new Float32Array(copy) });
  }
  return { tensors, metadata: (metadata ?? {}) as unknown as Record<string, string> };
}
