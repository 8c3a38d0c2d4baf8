import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Widest first. */
const instructionSets = { amx_tile: 'AMX', avx512_vnni: 'AVX-512 VNNI', avx512f: 'AVX-512', avx2: 'AVX2' };

/** The widest instructions of the processor, where Linux tells. Machines of one model name differ in them: clouds leave out the model's number. */
function widestInstructions(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const flags = new Set(readFileSync('/proc/cpuinfo', 'utf8').split(/\s+/));
  return Object.entries(instructionSets).find(([flag]) => flags.has(flag))?.[1];
}

/** The processor that numbers are of and programs are compiled for, as "AMD EPYC, AVX-512". */
export const processor = (): string =>
  [cpus()[0]?.model.trim() ?? 'CPU', widestInstructions()].filter(Boolean).join(', ');
