// npx tsx test/fuzz/run.ts [inputs] [seed]: damaged inputs for every parser; exit code 1 where one does not refuse well.
// They are read in a process of its own, which is ended where it makes no progress, and begun anew behind the input.
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fuzz, Outcomes, type Result } from './fuzz.js';

/** One input may take the process so much of the processor's time (Linux), and so much time by the clock, seconds. */
const longest = { processor: 10, clock: 600 };
/** In which the system counts a process's time, a second. */
const TICKS = 100;

const [count = 28_900, seed = 0, from] = process.argv.slice(2).map(Number);
if (from === undefined) await supervise();
else await child(from);

async function child(from: number): Promise<void> {
  const tell = (message: unknown): unknown => process.send?.(message);
  await fuzz({ from, to: count, seed }, tell, (begun) => tell({ begun }));
  process.disconnect();
}

async function supervise(): Promise<void> {
  const outcomes = new Outcomes();
  const folder = mkdtempSync(join(tmpdir(), 'iwm-fuzz-run-'));
  for (const name of ['here', 'temporary', 'cache']) mkdirSync(join(folder, name));
  for (let next = 0; next < count; next++) next = await readFrom(next, outcomes, folder);
  const left = ['here', 'cache'].flatMap((name) => readdirSync(join(folder, name)));
  rmSync(folder, { recursive: true });
  print(outcomes, left);
}

/** @returns the place at which the process ended */
function readFrom(first: number, outcomes: Outcomes, folder: string): Promise<number> {
  return new Promise((ended) => {
    const args = [count, seed, first].map(String);
    const process_ = fork(fileURLToPath(import.meta.url), args, {
      cwd: join(folder, 'here'),
      env: { ...process.env, TMPDIR: join(folder, 'temporary'), XDG_CACHE_HOME: join(folder, 'cache') },
    });
    let place = first;
    let open = true;
    let since = { clock: performance.now(), processor: 0 };
    const watch = setInterval(() => {
      const processor = secondsOf(process_.pid) - since.processor;
      if (processor > longest.processor || performance.now() - since.clock > 1000 * longest.clock)
        process_.kill('SIGKILL');
    }, 1000);
    process_.on('message', (message: Result | { begun: number }) => {
      since = { clock: performance.now(), processor: secondsOf(process_.pid) };
      open = 'begun' in message;
      if ('begun' in message) place = message.begun;
      else outcomes.add(message);
      if (place % 1000 === 0 && open) console.error(`${place} of ${count}`);
    });
    process_.on('exit', (code, signal) => {
      clearInterval(watch);
      if (open) outcomes.add({ place, came: 'failed', took: 0, failure: `ended it, ${signal ?? code}` });
      ended(place);
    });
  });
}

/** The processor's time that a process has had, seconds; 0 where the system does not say. */
function secondsOf(pid: number | undefined): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return 0;
  const [, , , , , , , , , , , user, system] = readFileSync(file, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(user) + Number(system)) / TICKS;
}

function print({ all }: Outcomes, left: readonly string[]): void {
  console.log(`${count} damaged inputs, seed ${seed}`);
  console.log(
    '| parser | inputs | read | refused | failures | slowest, ms |\n| --- | --: | --: | --: | --: | --: |',
  );
  for (const { name, inputs, read, refused, failures, slowest } of all)
    console.log(
      `| ${name} | ${inputs} | ${read} | ${refused} | ${failures.length} | ${Math.round(slowest)} |`,
    );
  const failures = all.flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`));
  if (left.length > 0) failures.push(`written beside the inputs: ${left}`);
  for (const failure of failures.slice(0, 20)) console.log(failure);
  process.exitCode = failures.length > 0 ? 1 : 0;
}
