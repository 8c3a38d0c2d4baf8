import { totalmem } from 'node:os';
import type { Engine } from './engine.js';

/** Bytes that the process may use: the machine's, or fewer where the system sets a limit. */
export function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/**
 * Bytes that an engine's programs may use by our count: the process's. XLA's have no such limit: it lays out a program's memory
 * itself, and says when the device's does not do.
 */
export const memoryOf = ({ device }: Pick<Engine, 'device'>): number =>
  device === 'cpu' || device === 'webgpu' ? memoryLimit() : Number.POSITIVE_INFINITY;
