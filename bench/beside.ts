/**
 * How much of its speed does a training step keep beside other work? Times steps alone and beside busy processes, in
 * turns, here and in other checkouts:
 *
 *   npx tsx bench/beside.ts --preset demo --busy 1 --against ../before --rounds 6 --steps 100
 *
 * Busy processes have a niceness of 10 and a session of their own, as another terminal's work has. Means over the
 * steps of a round, as a step that waits for a core is what is asked about; medians over rounds.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpus, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { median } from '../src/median.js';
import { processor } from '../src/processor.js';

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'demo' },
    set: { type: 'string', multiple: true, default: [] },
    busy: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '6' },
    steps: { type: 'string', default: '100' },
    against: { type: 'string', multiple: true, default: [] },
  },
});

/** A checkout's training step, timed on demand. */
async function open(folder: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bench/ours.ts'], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const set = Object.fromEntries(values.set.map((each) => each.split('=') as [string, string]));
  child.stdin.write(
    `${JSON.stringify({ preset: values.preset, set, threads: cpus().length, device: 'cpu' })}\n`,
  );
  await lines.next();
  return {
    folder,
    async mean(): Promise<number> {
      child.stdin.write(`${values.steps}\n`);
      const { milliseconds } = JSON.parse((await lines.next()).value) as { milliseconds: number[] };
      return milliseconds.reduce((a, b) => a + b, 0) / milliseconds.length;
    },
    close: () => child.kill(),
  };
}

function makeBusy(): ChildProcess[] {
  return Array.from({ length: Number(values.busy) }, () => {
    const child = spawn(process.execPath, ['-e', 'for (;;);'], { detached: true, stdio: 'ignore' });
    if (child.pid !== undefined) setPriority(child.pid, 10);
    return child;
  });
}

const contenders = [];
for (const folder of ['.', ...values.against])
  contenders.push({ ...(await open(folder)), alone: [] as number[], beside: [] as number[] });
for (let round = 0; round < Number(values.rounds); round++) {
  for (const each of contenders) each.alone.push(await each.mean());
  const busy = makeBusy();
  for (const each of contenders) each.beside.push(await each.mean());
  for (const child of busy) child.kill('SIGKILL');
}
console.log(
  `${processor()}, ${cpus().length} cores; preset ${values.preset}, means of ${values.steps} steps, medians (least to most) of ${values.rounds} rounds`,
);
const range = (times: readonly number[]): string =>
  `${median(times).toFixed(1)} ms (${Math.min(...times).toFixed(1)}–${Math.max(...times).toFixed(1)})`;
for (const { folder, alone, beside, close } of contenders) {
  console.log(
    `${folder}: alone ${range(alone)}, beside ${values.busy} busy ${range(beside)}: ${(median(beside) / median(alone)).toFixed(2)} ×`,
  );
  close();
}
