import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Widest first. */
const instructionSets = { amx_tile: 'AMX', avx512_vnni: 'AVX-512 VNNI', avx512f: 'AVX-512', avx2: 'AVX2' };

/** The processor that numbers are of, and where Linux tells it the widest instructions that it has. */
export function processor(): string {
  const flags = (): string[] => readFileSync('/proc/cpuinfo', 'utf8').split(/\s+/);
  const known = process.platform === 'linux' ? flags() : [];
  const [, widest] = Object.entries(instructionSets).find(([flag]) => known.includes(flag)) ?? [];
  return [cpus()[0]?.model.trim(), widest, `${cpus().length} cores`].filter(Boolean).join(', ');
}
