import { dimsOf, type Features } from './parts.js';

/** Bytes before the numbers are a multiple of this. */
const ALIGNMENT = 64;

/** Features as a file of NumPy (format 1.0, little-endian float32), piece by piece. */
export function* npyBytes(features: Features): Generator<Uint8Array> {
  yield header(dimsOf(features));
  for (const part of features.parts) {
    const numbers = features.read(part);
    yield new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  }
}

/** The magic number, the version, the length of what follows: a Python dictionary, filled with spaces, and a line's end. */
function header(shape: readonly number[]): Uint8Array {
  const facts = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const before = 10;
  const length = Math.ceil((before + facts.length + 1) / ALIGNMENT) * ALIGNMENT - before;
  const bytes = new Uint8Array(before + length);
  bytes.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0]);
  new DataView(bytes.buffer).setUint16(8, length, true);
  bytes.set(new TextEncoder().encode(`${facts.padEnd(length - 1)}\n`), before);
  return bytes;
}
