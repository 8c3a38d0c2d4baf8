import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Lets Open MPI (4 and 5) start more ranks than there are cores, also as root; other launchers do anyway. */
const environment = {
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  OMPI_MCA_rmaps_base_oversubscribe: '1',
  PRTE_MCA_rmaps_default_mapping_policy: ':oversubscribe',
};

/** Whether there is a launcher of MPI, on a system that lists processes in files. */
export const hasMpirun = existsSync('/proc/self') && spawnSync('mpirun', ['--version']).status === 0;

/** Starts `mpirun`. */
export function mpirun(...args: string[]): ChildProcess {
  return spawn('mpirun', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
}

/** The process of a rank that a launcher has started; undefined where there is none (yet). */
export function processOf(launcher: ChildProcess, rank: number): number | undefined {
  const variables = [`OMPI_COMM_WORLD_RANK=${rank}`, `PMI_RANK=${rank}`];
  return descendants(launcher.pid ?? -1).find((pid) =>
    readProc(pid, 'environ')
      .split('\0')
      .some((line) => variables.includes(line)),
  );
}

/** All processes below one, the nearest first. */
function descendants(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => Number(/^PPid:\s*(\d+)/m.exec(readProc(child, 'status'))?.[1]) === pid);
  return [...children, ...children.flatMap(descendants)];
}

/** A file of a process; empty where it has ended. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
