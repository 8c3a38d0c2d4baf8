import { UserError } from '../errors.js';
import { type Library, loadKoffi } from '../koffi.js';
import type { Launch } from './launcher.js';

/** An MPI library, and what its binary interface calls things by. */
export interface MpiLibrary {
  readonly name: string;
  readonly library: Library;
  /** C's type of a handle. */
  readonly handle: 'void *' | 'int32_t';
  readonly world: bigint | number;
  readonly float: bigint | number;
  readonly byte: bigint | number;
  readonly sum: bigint | number;
  /** In the place of a buffer: it is the one that is written to. */
  readonly inPlace: bigint;
  /** The level of threads at which any thread may call, one at a time. */
  readonly serialized: number;
}

type Interface = Omit<MpiLibrary, 'name' | 'library'>;

/** The file of the library to take, where it is not found by its name. */
const VARIABLE = 'IWM_MPI';

const openMpi = ['libmpi.so.40', 'libmpi.40.dylib'];
const mpich = ['libmpi.so.12', 'libmpich.so.12', 'libmpi.12.dylib'];
const standard = ['libmpi_abi.so.1', 'libmpi_abi.so.0', 'libmpi_abi.1.dylib'];

/**
 * Loads the MPI library that belongs to the launcher: another one would see a single rank.
 * @throws UserError where there is none, or koffi is missing
 */
export async function loadMpi({ size, variable }: Launch): Promise<MpiLibrary> {
  const koffi = await loadKoffi('MPI');
  // UCX, inside of most of them, patches mmap in the running process: under Node's threads one start in fifty crashes.
  process.env.UCX_MEM_MMAP_HOOK_MODE ??= 'none';
  const given = process.env[VARIABLE];
  const known = variable.startsWith('OMPI')
    ? [...openMpi, ...standard]
    : [...mpich, ...standard, ...(variable.startsWith('SLURM') ? openMpi : [])];
  const names = given ? [given] : known;
  for (const name of names) {
    try {
      // Open MPI loads parts of itself that look for its symbols among all.
      const library = koffi.load(name, { global: true });
      return { name, library, ...interfaceOf(library, name) };
    } catch (error) {
      if (given) throw new UserError(`${VARIABLE}: ${(error as Error).message}`);
    }
  }
  throw new UserError(
    `${variable} says that this is one of ${size} ranks, but there is no MPI library (${names.join(', ')}): install the launcher's, such as libopenmpi3 or libmpich12, or give its file in ${VARIABLE}`,
  );
}

/** The binary interface of a library: Open MPI's, that of MPICH and its kin, or the standard's (MPI 5). */
function interfaceOf(library: Library, name: string): Interface {
  if (has(library, 'ompi_mpi_comm_world'))
    return {
      handle: 'void *',
      world: library.symbol('ompi_mpi_comm_world'),
      float: library.symbol('ompi_mpi_float'),
      byte: library.symbol('ompi_mpi_byte'),
      sum: library.symbol('ompi_mpi_op_sum'),
      inPlace: 1n,
      serialized: 2,
    };
  if (/_abi\b/.test(name) && has(library, 'MPI_Abi_get_version'))
    return {
      handle: 'void *',
      world: 0x101n,
      float: 0x210n,
      byte: 0x247n,
      sum: 0x21n,
      inPlace: 1n,
      serialized: 2048,
    };
  if (has(library, 'MPI_Init_thread'))
    return {
      handle: 'int32_t',
      world: 0x44000000,
      float: 0x4c00040a,
      byte: 0x4c00010d,
      sum: 0x58000003,
      inPlace: -1n,
      serialized: 2,
    };
  throw new UserError(`${name} is no MPI library: give another in ${VARIABLE}`);
}

function has(library: Library, symbol: string): boolean {
  try {
    library.symbol(symbol);
    return true;
  } catch {
    return false;
  }
}
