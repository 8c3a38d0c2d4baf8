import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFloats } from '../run/disk/safetensors-file.js';
import type { Weights } from '../run/safetensors.js';

type Tensors = Weights['tensors'];

/**
 * Weights that lie in one file or in several.
 * @returns the tensors as float32, the types that they were of, and the SHA-256 of the files, one after the other
 * @throws UserError naming a file that is damaged or cut off
 */
export async function readWeights(
  files: readonly string[],
): Promise<{ readonly tensors: Tensors; readonly types: readonly string[]; readonly sha256: string }> {
  const hash = createHash('sha256');
  const tensors = new Map<string, ReturnType<Tensors['get']> & object>();
  const types = new Set<string>();
  for (const file of files) {
    const read = readFloats(file);
    for (const [name, tensor] of read.tensors) tensors.set(name, tensor);
    for (const type of read.types) types.add(type);
    for await (const piece of createReadStream(file, { highWaterMark: 2 ** 20 }))
      hash.update(piece as Buffer);
  }
  return { tensors, types: [...types], sha256: hash.digest('hex') };
}
