import {
  type Config,
  type ListedRun,
  listRuns,
  type Metric,
  type RunFiles,
  readConfig,
  readMetrics,
  runAt,
  storedRun,
  storedRuns,
} from 'image-world-models/web';
import { messageOf } from '../message.js';
import type { RunPlace } from '../model/model-worker.js';

/** Milliseconds between two looks at the runs. */
const EVERY = 2000;

/** A run as far as it is known. */
export interface KnownRun extends ListedRun {
  readonly place: RunPlace;
  readonly config?: Config;
  readonly metrics: readonly Metric[];
  /** What is wrong with its files. */
  readonly problem?: string;
}

/** All runs that the studio shows, beside it and in this browser; looked at again and again while the page is seen. */
class RunBook {
  runs = $state.raw<readonly KnownRun[]>([]);
  /** Why the runs beside the page cannot be listed. */
  problem = $state<string>();
  isRead = $state(false);
  /** The run of this browser that is in training here. */
  training = $state<string>();

  constructor() {
    void this.#lookOn();
  }

  of(kind: ListedRun['kind']): readonly KnownRun[] {
    return this.runs.filter((run) => run.kind === kind);
  }

  async look(): Promise<void> {
    const stored = await this.#stored();
    try {
      const known = new Map(this.runs.map((run) => [run.id, run]));
      const listed = await listRuns(document.baseURI);
      this.runs = [...stored, ...(await Promise.all(listed.map((run) => served(run, known.get(run.id)))))];
      this.problem = undefined;
    } catch (error) {
      this.runs = [...stored, ...this.runs.filter(({ place }) => 'at' in place)];
      this.problem = messageOf(error);
    }
    this.isRead = true;
  }

  async #lookOn(): Promise<void> {
    if (!document.hidden) await this.look();
    setTimeout(() => void this.#lookOn(), EVERY);
  }

  async #stored(): Promise<KnownRun[]> {
    // Where the page may not store there are none; who trains is told why.
    const names = await storedRuns().catch(() => []);
    return Promise.all(names.map((name) => kept(name, name === this.training)));
  }
}

async function served(listed: ListedRun, known: KnownRun | undefined): Promise<KnownRun> {
  if (known?.changed === listed.changed) return { ...known, ...listed };
  const at = new URL(`runs/${encodeURIComponent(listed.id)}`, document.baseURI).href;
  const run = { ...listed, place: { at } };
  if (listed.kind === 'adapted') return { ...run, metrics: [] };
  try {
    const config = await readConfig(runAt(at));
    const metrics = listed.files.includes('metrics.jsonl') ? await readMetrics(runAt(at)) : [];
    return { ...run, config, metrics };
  } catch (error) {
    return { ...run, metrics: [], problem: messageOf(error) };
  }
}

/** A run in the browser's own storage. */
async function kept(name: string, isTraining: boolean): Promise<KnownRun> {
  const files: RunFiles = storedRun(name);
  const names = await files.list('');
  const state = isTraining ? 'training' : names.includes('model.safetensors') ? 'finished' : 'stopped';
  const run = {
    id: `browser:${name}`,
    name,
    kind: 'run',
    state,
    changed: 0,
    files: names,
    place: { stored: name },
  } as const;
  try {
    return { ...run, config: await readConfig(files), metrics: await readMetrics(files) };
  } catch (error) {
    return { ...run, metrics: [], problem: messageOf(error) };
  }
}

export const runBook = new RunBook();
