import {
  type Config,
  kindOfRun,
  type ListedRun,
  listRuns,
  type Metric,
  type RunFiles,
  readConfig,
  readMetrics,
  runAt,
  runOf,
  storedRun,
  storedRuns,
  UserError,
} from 'image-world-models/web';
import { messageOf } from '../message.js';
import { type RunPlace, sourceOf } from '../model/run-place.js';

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
  /** Runs whose folder a person opened; they stay where they are. */
  #opened: readonly KnownRun[] = [];

  constructor() {
    void this.#lookOn();
  }

  /**
   * Takes a run's folder as one of the runs, until the page is closed.
   * @throws UserError where it is no finished run's
   */
  async open(files: readonly File[]): Promise<KnownRun> {
    const found = await opened(files);
    const namesakes = this.#opened.filter(({ name }) => name === found.name).length;
    const run = namesakes === 0 ? found : { ...found, id: `${found.id}-${namesakes + 1}` };
    this.#opened = [run, ...this.#opened];
    await this.look();
    return run;
  }

  of(kind: ListedRun['kind']): readonly KnownRun[] {
    return this.runs.filter((run) => run.kind === kind);
  }

  async look(): Promise<void> {
    const stored = await this.#stored();
    try {
      const known = new Map(this.runs.map((run) => [run.id, run]));
      const listed = await listRuns(document.baseURI);
      const beside = await Promise.all(listed.map((run) => served(run, known.get(run.id))));
      this.runs = [...this.#opened, ...stored, ...beside];
      this.problem = undefined;
    } catch (error) {
      this.runs = [...this.#opened, ...stored, ...this.runs.filter(({ place }) => 'at' in place)];
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

/** A run whose folder a person opened. @throws UserError where it is no finished run's */
async function opened(files: readonly File[]): Promise<KnownRun> {
  const place = { files };
  const { name, paths } = runOf(files);
  const source = sourceOf(place);
  if (!paths.includes('model.safetensors'))
    throw new UserError(`${name} has no model.safetensors: its training is not finished`);
  const kind = await kindOfRun(source);
  const run = {
    id: `opened:${name}`,
    name,
    kind,
    state: 'finished',
    changed: Math.max(...files.map(({ lastModified }) => lastModified)),
    files: paths,
    place,
  } as const;
  if (kind === 'adapted') return { ...run, metrics: [] };
  return { ...run, config: await readConfig(source), metrics: await readMetrics(source) };
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
