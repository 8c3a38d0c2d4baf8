import { readFileSync } from 'node:fs';
import { decodeSafetensors, encodeSafetensors, type Stored, type Weights } from '../safetensors.js';
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
