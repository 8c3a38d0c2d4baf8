import { z } from 'zod';
import { UserError } from '../errors.js';
import { parseJson } from '../json.js';
import { type RunSource, readText } from '../run/run-files.js';

const listedRun = z.strictObject({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['run', 'adapted']),
  state: z.enum(['training', 'finished', 'stopped']),
  changed: z.number(),
  files: z.array(z.string()),
});

/** A run, or an adapted model, in a list of those that a page may open. */
export interface ListedRun {
  /** Its files are at `runs/ID/` beside the list. */
  readonly id: string;
  /** What people call it: its folder. */
  readonly name: string;
  /** A pretrained world model, or one adapted to tasks. */
  readonly kind: 'run' | 'adapted';
  /** At work, done (its weights are there), or neither. */
  readonly state: 'training' | 'finished' | 'stopped';
  /** When one of its files last changed, milliseconds since 1970. */
  readonly changed: number;
  /** Names of the files that can be read. */
  readonly files: readonly string[];
}

/** Whether a run's files are a world model's, or an adapted one's. A configuration that cannot be read is taken for a run's. */
export async function kindOfRun(run: RunSource): Promise<ListedRun['kind']> {
  const config = parseJson((await readText(run, 'config.json')) ?? '');
  return (config as { readonly kind?: unknown } | null | undefined)?.kind === 'adapted' ? 'adapted' : 'run';
}

/** The file that lists runs. */
export const RUN_LIST = 'runs.json';

/**
 * The runs that are listed beside a page, the last changed first.
 * @param base URL of the folder that the list lies in
 * @throws UserError where there is none, or it cannot be read
 */
export async function listRuns(base: string | URL): Promise<readonly ListedRun[]> {
  const answer = await fetch(new URL(RUN_LIST, base)).catch(() => undefined);
  if (answer === undefined) throw new UserError('the studio does not answer: is it still running?');
  if (!answer.ok) throw new UserError(`${RUN_LIST}: the server answers ${answer.status}`);
  const parsed = z.array(listedRun).safeParse(await answer.json().catch(() => undefined));
  if (!parsed.success) throw new UserError(`${RUN_LIST} is no list of runs`);
  return parsed.data;
}
