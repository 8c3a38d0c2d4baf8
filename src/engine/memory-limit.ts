import { totalmem } from 'node:os';

/** Bytes that the process may use: the machine's, or fewer where the system sets a limit. */
export function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
