import { fstatSync } from 'node:fs';
import { UserError } from '../errors.js';
import type { NativeFunction } from '../koffi.js';
import type { Launch } from './launcher.js';
import { loadMpi } from './mpi-library.js';
import { patience, patiently } from './patience.js';
import type { Ranks } from './ranks.js';

type Call = NativeFunction<unknown[], unknown>;

/** Elements that one call takes: it counts them in an int. */
const MOST = 2 ** 30;

/**
 * The ranks that MPI's launcher has started. Calls run on a thread of their own, one after the other.
 * A rank that ends before it is closed, in whatever way, ends all within seconds; one that hangs, when the others' {@link patience} is
 * over: their calls fail then.
 * @throws UserError where there is no MPI library, it is not the launcher's, or the launcher cannot be reached
 */
export async function openMpi(launch: Launch): Promise<Ranks> {
  checkChannel();
  const seconds = patience();
  const mpi = await loadMpi(launch);
  const { library, handle, world, float, byte, sum, inPlace } = mpi;
  const call = (name: string, args: readonly string[]): Call => library.func(name, 'int', args);
  const buffer = 'void *';
  const init = call('MPI_Init_thread', [buffer, buffer, 'int', '_Out_ int *']);
  const sizeOf = call('MPI_Comm_size', [handle, '_Out_ int *']);
  const rankOf = call('MPI_Comm_rank', [handle, '_Out_ int *']);
  const allReduce = call('MPI_Allreduce', [buffer, buffer, 'int', handle, handle, handle]);
  const broadcast = call('MPI_Bcast', [buffer, 'int', handle, 'int', handle]);
  const abort = call('MPI_Abort', [handle, 'int']);
  const finalize = call('MPI_Finalize', []);

  const provided = [0];
  check('MPI_Init_thread', init(null, null, mpi.serialized, provided));
  const told = (ask: Call): number => {
    const answer = [0];
    check('MPI_Comm_size', ask(world, answer));
    return answer[0] as number;
  };
  const [rank, size] = [told(rankOf), told(sizeOf)];
  const end = (code: number): unknown => abort(world, code || 1);
  process.on('exit', end);
  const refuse = (why: string): never => {
    throw new UserError(`${mpi.name}: ${why}; give the launcher's own library in IWM_MPI`);
  };
  if (size !== launch.size)
    refuse(`sees ${size} of the ${launch.size} ranks that ${launch.variable} tells of`);
  if ((provided[0] as number) < mpi.serialized) refuse('cannot be called from a thread');

  let last: Promise<unknown> = Promise.resolve();
  /** Calls when all calls before have returned. */
  const inTurn = (name: string, fn: Call, ...args: unknown[]): Promise<void> => {
    const turn = last.then(() => {
      const called = new Promise<void>((resolve, reject) => {
        fn.async(...args, (error: Error | null, code: unknown) => {
          if (error) reject(error);
          else if (code !== 0) reject(failure(name, code));
          else resolve();
        });
      });
      return patiently(called, seconds);
    });
    last = turn;
    return turn;
  };
  return {
    rank,
    size,
    async sum(numbers) {
      await Promise.all(
        pieces(numbers, 4).map(([piece, count]) =>
          inTurn('MPI_Allreduce', allReduce, inPlace, piece, count, float, sum, world),
        ),
      );
    },
    async broadcast(bytes, root) {
      await Promise.all(
        pieces(bytes, 1).map(([piece, count]) =>
          inTurn('MPI_Bcast', broadcast, piece, count, byte, root, world),
        ),
      );
    },
    close() {
      process.off('exit', end);
      check('MPI_Finalize', finalize());
    },
  };
}

/** MPICH's launcher is reached through an open file that not everything hands on; its library would end with a crash. */
function checkChannel(): void {
  const { PMI_FD } = process.env;
  if (PMI_FD === undefined) return;
  try {
    if (fstatSync(Number(PMI_FD)).isSocket()) return;
  } catch {
    // It is not open.
  }
  throw new UserError(
    'what started this process has not handed on the open file that mpiexec is reached through (PMI_FD), as npx does not: start node_modules/.bin/iwm',
  );
}

/** Memory in pieces that a call can count, and their elements. What is seen through its buffer does not move. */
function pieces({ buffer, byteOffset, byteLength }: ArrayBufferView, width: number): [Uint8Array, number][] {
  const found: [Uint8Array, number][] = [];
  for (let at = 0; at < byteLength; at += MOST * width) {
    const length = Math.min(MOST * width, byteLength - at);
    found.push([new Uint8Array(buffer, byteOffset + at, length), length / width]);
  }
  return found;
}

const failure = (name: string, code: unknown): Error => new Error(`${name} failed with code ${code}`);

function check(name: string, code: unknown): void {
  if (code !== 0) throw failure(name, code);
}
