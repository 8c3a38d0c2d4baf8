// Kills one rank of a short run with SIGKILL again and again, each time in a new folder, at a random moment; sees that the
// job ends by itself; resumes it on as many ranks; and compares the final weights with an unbroken run's.
//
//   npx tsx bench/reliability/kill-rank.ts [--kills 20] [--ranks 2] [--seed 1] [--results docs/results/kill-rank.jsonl]
//
// A line of JSON a kill; kills that the file holds already are not repeated.
import type { ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { random } from '../../src/random.js';
import { mpirun, processOf } from '../../test/ranks/mpirun.js';
import { digest, end, launcher, loggedSteps, STEPS, shortRun } from './short-run.js';

interface Kill {
  readonly kill: number;
  readonly seed: number;
  readonly ranks: number;
  readonly victim: number;
  /** So many milliseconds after that step was logged. */
  readonly when: { readonly step: number; readonly milliseconds: number };
  /** Until the launcher and all ranks had ended. */
  readonly seconds: number;
  /** Whether standard error names the victim. */
  readonly named: boolean;
  readonly identical: boolean;
  readonly stepsLoggedOnce: boolean;
}

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    ranks: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    results: { type: 'string', default: 'docs/results/kill-rank.jsonl' },
  },
});
const [kills, ranks, seed] = [Number(values.kills), Number(values.ranks), Number(values.seed)];
const folder = mkdtempSync(join(tmpdir(), 'iwm-kill-rank-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const start = (out: string, ...more: string[]): ChildProcess =>
  mpirun('-n', `${ranks}`, process.execPath, launcher, ...shortRun(out, 'synthetic:200'), ...more);

const whole = join(folder, 'whole');
const { code, stderr } = await end(start(whole));
if (code !== 0) throw new Error(`the unbroken run failed: ${stderr}`);
const wanted = digest(whole);
const every = Array.from({ length: STEPS }, (_, i) => i + 1).join();
console.error(`unbroken run on ${ranks} ranks: SHA-256 ${wanted}`);

mkdirSync(dirname(values.results), { recursive: true });
const lines = existsSync(values.results) ? readFileSync(values.results, 'utf8').trimEnd().split('\n') : [];
const results = lines
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Kill)
  .filter((line) => line.seed === seed && line.ranks === ranks && line.kill < kills);
for (let kill = 0; kill < kills; kill++) {
  if (results.some((line) => line.kill === kill)) continue;
  const result = await killOnce(kill);
  results.push(result);
  appendFileSync(values.results, `${JSON.stringify(result)}\n`);
  console.error(JSON.stringify(result));
}
const intact = results.filter(({ identical, stepsLoggedOnce }) => identical && stepsLoggedOnce).length;
const longest = Math.max(...results.map(({ seconds }) => seconds));
console.log(
  `| \`npx tsx bench/reliability/kill-rank.ts --kills ${kills} --ranks ${ranks} --seed ${seed}\` | ${results.length} × \`kill -9\` of one of ${ranks} ranks | all ended by themselves, after ${longest.toFixed(1)} s at most; ${intact} of ${results.length} resumed to the unbroken run's weights (SHA-256), each step logged once |`,
);

async function killOnce(kill: number): Promise<Kill> {
  const out = join(folder, `run-${kill}`);
  const numbers = random(seed, kill);
  const victim = numbers.integer(ranks);
  for (;;) {
    rmSync(out, { recursive: true, force: true });
    const when = { step: 1 + numbers.integer(STEPS - 2), milliseconds: Math.round(numbers.between(0, 60)) };
    const child = start(out);
    const ended = end(child);
    const isLogged = (): boolean =>
      existsSync(join(out, 'metrics.jsonl')) && loggedSteps(out).includes(when.step);
    while (!isLogged() && child.exitCode === null) await setTimeout(5);
    const pid = processOf(child, victim);
    await setTimeout(when.milliseconds);
    const began = performance.now();
    if (pid !== undefined && child.exitCode === null) process.kill(pid, 'SIGKILL');
    const { code, stderr } = await ended;
    // A run that was done before its moment came is tried again with another.
    if (code === 0) continue;
    const seconds = Number(((performance.now() - began) / 1000).toFixed(2));
    const named = new RegExp(`\\brank ${victim}\\b`).test(stderr);
    const resumed = await end(start(out, '--resume'));
    if (resumed.code !== 0) throw new Error(`kill ${kill}: resuming failed: ${resumed.stderr}`);
    const identical = digest(out) === wanted;
    const stepsLoggedOnce = loggedSteps(out).join() === every;
    rmSync(out, { recursive: true });
    return { kill, seed, ranks, victim, when, seconds, named, identical, stepsLoggedOnce };
  }
}
