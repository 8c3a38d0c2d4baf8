import type { ImageSet } from '../data/image-set.js';
import type { Engine } from '../engine/index.js';
import type { Log } from '../log.js';
import type { Flat } from '../nn/index.js';
import type { Ranks } from '../ranks/ranks.js';
import type { RunStore } from '../run/run-store.js';
import type { Layouts } from '../world-model/index.js';
import type { Watched } from './watch.js';

/** What a run is computed on. */
export interface Machine {
  readonly engine: Engine;
  /** Multiply-adds that it does in a second, for the estimate. */
  readonly rate: number;
  /** Bytes that the process may use. */
  readonly memory: number;
  /** The processes that compute it together, each on such a machine; what is kept is rank 0's. */
  readonly ranks: Ranks;
}

/** What a run reads from and is kept in. */
export interface Surroundings {
  readonly images: ImageSet;
  readonly store: RunStore;
  /** Lays out the weights of the encoder that `encoder.source` names; absent where it names none. */
  readonly encoder?: ((layout: Layouts['encoder']) => Flat<Float32Array>) | undefined;
  /** Stops the run when it is aborted: the step is finished and a checkpoint written. */
  readonly signal: AbortSignal | undefined;
  readonly log: Log;
  /** Is shown now and then what the model retrieves by then. */
  readonly watch?: ((seen: Watched) => void) | undefined;
}
