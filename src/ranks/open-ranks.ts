import { launched } from './launcher.js';
import { openMpi } from './mpi.js';
import { alone, type Ranks } from './ranks.js';

let opened: Promise<Ranks> | undefined;

/**
 * This process among those that were started with it: by `mpirun`, `mpiexec` or `srun`, else by itself. Once a process, as
 * MPI has it.
 * @throws UserError where MPI is missing, or is not the launcher's
 */
export function openRanks(): Promise<Ranks> {
  const launch = launched();
  opened ??= launch === undefined ? Promise.resolve(alone) : openMpi(launch);
  return opened;
}
