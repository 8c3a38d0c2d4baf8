import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../src/errors.js';
import { type Random, random } from '../../src/random.js';
import { mutate } from './mutate.js';
import { ESCAPED, type Target, targets } from './targets.js';

/** More processor time than this for one input is a hang; by the clock, a busy machine would make many. */
const MOST_MILLISECONDS = 2000;

/** What came of one input. */
export interface Result {
  /** Its place among all inputs, and so its parser. */
  readonly place: number;
  readonly came: 'read' | 'refused' | 'failed';
  /** Milliseconds of the processor's time. */
  readonly took: number;
  /** What is wrong, where something is. */
  readonly failure?: string;
}

/** How often each target was read, refused, and what went wrong. */
export interface Outcome {
  readonly name: string;
  inputs: number;
  read: number;
  refused: number;
  slowest: number;
  readonly failures: string[];
}

/** Adds up results, by parser. */
export class Outcomes {
  readonly all = targets.map(
    ({ name }): Outcome => ({ name, inputs: 0, read: 0, refused: 0, slowest: 0, failures: [] }),
  );

  add({ place, came, took, failure }: Result): void {
    const outcome = this.all[place % targets.length] as Outcome;
    outcome.inputs++;
    if (came !== 'failed') outcome[came]++;
    outcome.slowest = Math.max(outcome.slowest, took);
    if (failure !== undefined) outcome.failures.push(`input ${place}: ${failure}`);
  }
}

/**
 * Feeds damaged inputs to every parser of outside bytes, in turn. The same places and seed give the same inputs.
 * @param begin is told the place of each input before it is read
 */
export async function fuzz(
  { from = 0, to, seed }: { from?: number; to: number; seed: number },
  end: (result: Result) => void,
  begin: (place: number) => void = () => {},
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'iwm-fuzz-'));
  try {
    for (let place = from; place < to; place++) {
      begin(place);
      const target = targets[place % targets.length] as Target;
      end({ place, ...(await tryOne(target, random(seed, place), root)) });
    }
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** The input's folder, the only thing in `root`, holds what was put there alone. */
async function tryOne(target: Target, draw: Random, root: string): Promise<Omit<Result, 'place'>> {
  const { good, mend = (input) => input, expected = (error) => error instanceof UserError } = target;
  const input = mend(mutate(good[draw.integer(good.length)] as Uint8Array, draw));
  const folder = join(root, 'input');
  mkdirSync(folder);
  const before = process.cpuUsage();
  let came: Result['came'] = 'read';
  let failure: string | undefined;
  try {
    await target.read(input, folder);
  } catch (error) {
    came = error instanceof Error && expected(error) ? 'refused' : 'failed';
    if (came === 'failed') failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const { user, system } = process.cpuUsage(before);
  const took = (user + system) / 1000;
  const written = [...readdirSync(folder).slice(1), ...readdirSync(root).slice(1)];
  if (existsSync(ESCAPED)) written.push(ESCAPED);
  rmSync(folder, { recursive: true });
  if (took > MOST_MILLISECONDS) failure ??= `took ${Math.round(took)} ms`;
  if (written.length > 0) failure ??= `wrote ${written}`;
  return { came, took, ...(failure === undefined ? {} : { failure }) };
}
