import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import {
  decodeFloats,
  decodeSafetensors,
  encodeSafetensors,
  type Stored,
  type Weights,
} from '../safetensors.js';
import { writeAtomically } from './atomic-file.js';

/** Writes a safetensors file, atomically. */
export function writeSafetensors(path: string, weights: Weights<Stored>): void {
  writeAtomically(path, encodeSafetensors(weights));
}

/** Reads a safetensors file of float32 tensors. @throws UserError naming the file when it is damaged or of another kind */
export function readSafetensors(path: string): Weights {
  return readStored(path, 'F32') as Weights;
}

/** Reads a safetensors file of tensors of one type. @throws UserError as {@link readSafetensors} */
export function readStored(path: string, dtype: 'F32' | 'F16'): Weights<Stored> {
  return decodeSafetensors(readFileSync(path), path, dtype);
}

/** Bytes that are read at a time: the system takes no more than 2 GiB. */
const PIECE = 2 ** 30;

/** Reads a safetensors file of any floating-point types and of any size. @throws UserError as {@link decodeFloats} */
export function readFloats(path: string): ReturnType<typeof decodeFloats> {
  const file = openSync(path, 'r');
  const read = (start: number, end: number): ArrayBuffer => {
    const bytes = new Uint8Array(end - start);
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(file, bytes, at, Math.min(PIECE, bytes.length - at), start + at);
      if (count === 0) throw new Error(`${path} became shorter while it was read`);
      at += count;
    }
    return bytes.buffer;
  };
  try {
    return decodeFloats({ size: fstatSync(file).size, read }, path);
  } finally {
    closeSync(file);
  }
}
