import { downloadZip } from 'client-zip';
import { proxy, type Remote, wrap } from 'comlink';
import { filesOf, keepRun, removeStoredRun, runOf, storedRun, type Watched } from 'image-world-models/web';
import { messageOf } from '../message.js';
import { runtime } from '../model/open-model.js';
import { runBook } from '../runs/run-book.svelte.js';
import type { NewRun, TrainingWorker } from './training-worker.js';

/** What a run retrieved in training. */
export interface SeenRun extends Watched {
  readonly name: string;
}

/** What a person trains in this browser. */
class Trainer {
  /** What the training says, a line. */
  line = $state<string>();
  problem = $state<string>();
  /** What the run in training, or the last one, retrieves by now. */
  seen = $state.raw<SeenRun>();
  #worker: Remote<TrainingWorker> | undefined;

  /** Trains a run to its end or a pause. @param begin undefined: goes on with the run that is there */
  async train(name: string, files: readonly File[], begin?: NewRun): Promise<void> {
    this.problem = undefined;
    this.line = 'starting';
    runBook.training = name;
    this.#worker ??= wrap<TrainingWorker>(
      new Worker(new URL('./training-worker.ts', import.meta.url), { type: 'module' }),
    );
    try {
      const progress = proxy((line: string) => {
        this.line = line;
      });
      const watch = proxy((seen: Watched) => {
        this.seen = { name, ...seen };
      });
      const result = await this.#worker.train(name, files, begin, runtime(), progress, watch);
      this.line = result === undefined ? `${name} is paused, and kept in this browser` : `${name} is done`;
    } catch (error) {
      this.problem = messageOf(error);
      this.line = undefined;
    }
    runBook.training = undefined;
    await runBook.look();
  }

  async pause(): Promise<void> {
    this.line = 'pausing after this step';
    await this.#worker?.pause();
  }

  /** Saves a run as a folder in a zip file, which `iwm` takes when it is unpacked. */
  async download(name: string): Promise<void> {
    const entries = async function* () {
      for await (const { path, bytes } of filesOf(storedRun(name)))
        yield { name: `${name}/${path}`, input: bytes as Uint8Array<ArrayBuffer> };
    };
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await downloadZip(entries()).blob());
    link.download = `${name}.zip`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  /** Takes a run's folder into this browser, to go on with it. */
  take(files: readonly File[]): Promise<void> {
    return this.#do(async () => {
      const chosen = runOf(files);
      const name = chosen.name.split('/').at(-1) ?? 'run';
      await keepRun(chosen, storedRun(name));
      this.line = `${name} is in this browser now`;
    });
  }

  remove(name: string): Promise<void> {
    return this.#do(() => removeStoredRun(name));
  }

  async #do(work: () => Promise<void>): Promise<void> {
    this.problem = undefined;
    try {
      await work();
    } catch (error) {
      this.problem = messageOf(error);
    }
    await runBook.look();
  }
}

export const trainer = new Trainer();
