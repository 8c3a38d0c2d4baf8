// Kills a short run with SIGKILL again and again, each time in a new folder: at a random moment, or while a checkpoint
// is being written; resumes it to the end; and compares the final weights with an unbroken run's.
//
//   npx tsx bench/reliability/kill.ts [--kills 100] [--seed 1] [--results docs/results/kill.jsonl]
//
// A line of JSON a kill; kills that the file holds already are not repeated.
import type { ChildProcess } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  type FSWatcher,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Random, random } from '../../src/random.js';
import { digest, end, loggedSteps, STEPS, start } from './short-run.js';

interface Kill {
  readonly kill: number;
  readonly seed: number;
  /** When: so many milliseconds after that step was logged (0: after the start), or in the writing of that checkpoint. */
  readonly when: { readonly step: number; readonly milliseconds: number } | { readonly checkpoint: number };
  /** What the killed process left: the newest checkpoint's file, and half-written ones. */
  readonly newest: string | null;
  readonly halfWritten: number;
  readonly sha256: string;
  readonly identical: boolean;
  readonly stepsLoggedOnce: boolean;
}

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    results: { type: 'string', default: 'docs/results/kill.jsonl' },
  },
});
const kills = Number(values.kills);
const seed = Number(values.seed);
const folder = mkdtempSync(join(tmpdir(), 'iwm-kill-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const whole = join(folder, 'whole');
const { code, stderr } = await end(start(whole));
if (code !== 0) throw new Error(`the unbroken run failed: ${stderr}`);
const wanted = digest(whole);
const every = Array.from({ length: STEPS }, (_, i) => i + 1).join();
console.error(`unbroken run: SHA-256 ${wanted}`);

const lines = existsSync(values.results) ? readFileSync(values.results, 'utf8').trimEnd().split('\n') : [];
const known = lines
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Kill)
  .filter((line) => line.seed === seed);
const results = known.filter(({ kill }) => kill < kills);
for (let kill = 0; kill < kills; kill++) {
  if (known.some((line) => line.kill === kill)) continue;
  const result = await killOnce(kill);
  results.push(result);
  appendFileSync(values.results, `${JSON.stringify(result)}\n`);
  console.error(JSON.stringify(result));
}
const count = (holds: (kill: Kill) => boolean): number => results.filter(holds).length;
console.log(
  `| \`npx tsx bench/reliability/kill.ts --kills ${kills} --seed ${seed}\` | ${results.length} × \`kill -9\`, ${count(({ when }) => 'checkpoint' in when)} of them aimed at the writing of a checkpoint (${count(({ halfWritten }) => halfWritten > 0)} left one half written) | ${count(({ identical, stepsLoggedOnce }) => identical && stepsLoggedOnce)} of ${results.length} resumed to the unbroken run's weights (SHA-256), each step logged once |`,
);

/** Kill number `kill`: odd ones at a random moment, even ones during checkpoint writing. */
async function killOnce(kill: number): Promise<Kill> {
  const out = join(folder, `run-${kill}`);
  const numbers = random(seed, kill);
  let when: Kill['when'];
  let late: boolean;
  do {
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out);
    when = kill % 2 === 1 ? moment(numbers) : { checkpoint: 1 + numbers.integer(STEPS / 2) };
    const child = start(out);
    const ended = end(child);
    if ('checkpoint' in when) killInCheckpoint(child, out, when.checkpoint);
    else killAfterStep(child, out, when.step, when.milliseconds);
    // A run that was done before its moment came is tried again with another.
    late = (await ended).code !== null;
  } while (late);
  const files = existsSync(join(out, 'checkpoints')) ? readdirSync(join(out, 'checkpoints')).sort() : [];
  // One that was killed before it was a run is begun anew.
  const more = existsSync(join(out, 'config.json')) ? ['--resume'] : [];
  const resumed = await end(start(out, ...more));
  if (resumed.code !== 0) throw new Error(`kill ${kill}: resuming failed: ${resumed.stderr}`);
  const sha256 = digest(out);
  const stepsLoggedOnce = loggedSteps(out).join() === every;
  rmSync(out, { recursive: true });
  return {
    kill,
    seed,
    when,
    newest: files.filter((name) => name.endsWith('.safetensors')).at(-1) ?? null,
    halfWritten: files.filter((name) => name.endsWith('.tmp')).length,
    sha256,
    identical: sha256 === wanted,
    stepsLoggedOnce,
  };
}

/** A random moment: by steps, not by the clock, as on a busy machine most would fall into the start; a fifth do so. */
function moment(numbers: Random): { step: number; milliseconds: number } {
  const step = Math.max(0, numbers.integer(STEPS + STEPS / 4) - STEPS / 4);
  return { step, milliseconds: Math.round(numbers.between(0, step === 0 ? 3000 : 60)) };
}

/** Kills a run as soon as the temporary file of its `number`th checkpoint appears. */
function killInCheckpoint(child: ChildProcess, out: string, number: number): void {
  const seen = new Set<string>();
  let inside: FSWatcher | undefined;
  const outside = watch(out, (_, name) => {
    if (name !== 'checkpoints' || inside) return;
    inside = watch(join(out, name), (_, file) => {
      if (file?.endsWith('.tmp')) seen.add(file);
      if (seen.size === number) child.kill('SIGKILL');
    });
  });
  child.once('exit', () => {
    outside.close();
    inside?.close();
  });
}

/** Kills a run so many milliseconds after a step was logged, or after its start. */
function killAfterStep(child: ChildProcess, out: string, step: number, milliseconds: number): void {
  const kill = (): unknown => setTimeout(() => child.kill('SIGKILL'), milliseconds).unref();
  if (step === 0) {
    kill();
    return;
  }
  const watcher = watch(out, (_, name) => {
    if (name !== 'metrics.jsonl' || !existsSync(join(out, name)) || !loggedSteps(out).includes(step)) return;
    watcher.close();
    kill();
  });
  child.once('exit', () => watcher.close());
}
