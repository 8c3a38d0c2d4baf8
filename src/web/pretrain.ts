import type { ImageSet } from '../data/image-set.js';
import { createWebEngine, type WebEngineOptions } from '../engine/onnxruntime-web.js';
import { UserError } from '../errors.js';
import { type Log, quiet } from '../log.js';
import { alone } from '../ranks/ranks.js';
import type { Config } from '../run/config.js';
import { checkStart } from '../run/config-file.js';
import { fileStore } from '../run/file-store.js';
import type { RunFiles } from '../run/run-files.js';
import { workRate } from '../train/estimate.js';
import { Pretraining, type PretrainResult } from '../train/pretraining.js';
import type { Watched } from '../train/watch.js';
import { storedRun } from './stored-runs.js';

export interface PretrainOptions extends WebEngineOptions {
  /** Where the run is kept, or goes on. */
  readonly run: RunFiles;
  /** Those that `data` of the configuration names, of its `image.stored` size. */
  readonly images: ImageSet;
  /** Go on with the run from its newest checkpoint; from the start where there is none yet. */
  readonly resume?: boolean;
  /** Stops the run when it is aborted: the step is finished and a checkpoint written. */
  readonly signal?: AbortSignal;
  readonly log?: Log;
  /** Is shown now and then, at a fiftieth of the steps' work, what the model retrieves for a held-out image by then. */
  readonly watch?: (seen: Watched) => void;
}

/** What WebAssembly can address, in bytes. */
const MEMORY = 2 ** 32;

/** As far as a page keeps its tabs from each other. */
interface Locking {
  readonly navigator: {
    readonly locks: {
      request<T>(
        name: string,
        options: { ifAvailable: true },
        use: (lock: object | null) => Promise<T>,
      ): Promise<T>;
    };
  };
}

/**
 * Pretrains an image world model in a page, or better in a worker of it, as the page stands still in a step: the same
 * course, step and files as in Node. Equal configurations give equal weights, interrupted or not.
 * @throws UserError where there is no run to go on with, for images that are not those that it began with, a run that
 *   another tab trains, a configuration that cannot fit, a loss that is not finite, no room left; the reason of `signal`
 *   where that stopped it
 */
export async function pretrain(
  config: Config,
  { run, images, resume = false, signal, log = quiet, watch, ...computing }: PretrainOptions,
): Promise<PretrainResult> {
  return inThisTab(run.name, async () => {
    await checkStart(run, config, resume);
    const engine = await createWebEngine(computing);
    try {
      const machine = { engine, rate: await workRate(engine), memory: MEMORY, ranks: alone };
      const surroundings = { images, store: fileStore(run, storedRun), signal, log, watch };
      return await new Pretraining(config, machine, surroundings).run(resume);
    } finally {
      engine.dispose();
    }
  });
}

/** Keeps other tabs and workers of the page out of a run. @throws UserError where one of them is at work there */
function inThisTab<T>(run: string, work: () => Promise<T>): Promise<T> {
  const { locks } = (globalThis as unknown as Locking).navigator;
  return locks.request(`image-world-models/${run}`, { ifAvailable: true }, (lock) => {
    if (lock === null)
      throw new UserError(`${run} is in training in another tab; wait for it, or stop it there`);
    return work();
  });
}
