// npx tsx test/fuzz/run.ts [inputs] [seed]: damaged inputs for every parser; exit code 1 where one does not refuse well.
// They are read in a process of its own, which is ended where it makes no progress, and begun anew behind the input.
import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fuzz, Outcomes, type Result } from './fuzz.js';

/** By the clock, as the processor's time of another process is not to be had everywhere. */
const LONGEST_MILLISECONDS = 60_000;

const [count = 28_000, seed = 0, from] = process.argv.slice(2).map(Number);
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
  for (let next = 0; next < count; next++) next = await readFrom(next, outcomes, folder);
  const left = readdirSync(folder);
  rmSync(folder, { recursive: true });
  print(outcomes, left);
}

/** @returns the place at which the process ended */
function readFrom(first: number, outcomes: Outcomes, folder: string): Promise<number> {
  return new Promise((ended) => {
    const args = [count, seed, first].map(String);
    const process_ = fork(fileURLToPath(import.meta.url), args, {
      cwd: folder,
      env: { ...process.env, TMPDIR: folder, XDG_CACHE_HOME: folder },
    });
    let place = first;
    let open = true;
    const hang = setTimeout(() => process_.kill('SIGKILL'), LONGEST_MILLISECONDS);
    process_.on('message', (message: Result | { begun: number }) => {
      hang.refresh();
      open = 'begun' in message;
      if ('begun' in message) place = message.begun;
      else outcomes.add(message);
      if (place % 1000 === 0 && open) console.error(`${place} of ${count}`);
    });
    process_.on('exit', (code, signal) => {
      clearTimeout(hang);
      if (open) outcomes.add({ place, came: 'failed', took: 0, failure: `ended it, ${signal ?? code}` });
      for (const name of readdirSync(folder))
        if (name.startsWith('iwm-fuzz-')) rmSync(join(folder, name), { recursive: true });
      ended(place);
    });
  });
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
