import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { reportRun } from '../../src/report/report-run.js';
import { resolve } from '../../src/run/config.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { tiny } from '../train/tiny-run.js';

const launcher = fileURLToPath(new URL('../../bin/iwm.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'iwm-interruption-'));
after(() => rmSync(folder, { recursive: true }));

/** Starts `iwm …args`, and sends a signal for each pattern as soon as standard error shows it. */
async function iwm(args: readonly string[], signals: readonly (readonly [RegExp, NodeJS.Signals])[]) {
  const child = spawn(process.execPath, [launcher, ...args], { cwd: folder });
  const waiting = [...signals];
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    while (waiting[0]?.[0].test(stderr)) child.kill(waiting.shift()![1]);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stderr };
}

const long = [
  ...['pretrain', '--preset', 'demo', '--steps', '1000000', '--set', 'log.every=1'],
  ...Object.entries(tiny).flatMap(([key, value]) => ['--set', `${key}=${JSON.stringify(value)}`]),
];

test('SIGTERM while training: a checkpoint, 143, and one line that says how to go on; SIGINT: 130', async () => {
  const out = join(folder, 'it is mine');
  const first = await iwm([...long, '--out', out], [[/\nstep \d+\//, 'SIGTERM']]);
  assert.equal(first.code, 143, first.stderr);
  const lines = first.stderr.trimEnd().split('\n');
  assert.equal(lines.at(-1), `iwm: stopped by SIGTERM; go on with: npx iwm pretrain --out '${out}' --resume`);
  assert.equal(lines.filter((line) => line.startsWith('iwm:')).length, 1);
  const step = Number(/step-(\d+)/.exec(readdirSync(join(out, 'checkpoints'))[0] ?? '')?.[1]);
  assert.ok(step > 0);

  // The command that was told goes on: the settings are the run's own.
  // A Ctrl-C comes twice to what npm runs: from the terminal and from npm.
  const second = await iwm(
    ['pretrain', '--out', out, '--resume'],
    [
      [/\nstep \d+\//, 'SIGINT'],
      [/\nstep \d+\//, 'SIGINT'],
    ],
  );
  assert.equal(second.code, 130, second.stderr);
  assert.match(second.stderr, new RegExp(`going on after step ${step}\n`));
  assert.match(second.stderr, /\niwm: stopped by SIGINT; go on with: [^\n]+\n$/);
  const other = await iwm(['pretrain', '--out', out, '--resume', '--steps', '3'], []);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /^iwm: [^\n]+ started with other settings: steps \(1000000, now 3\)[^\n]+\n$/);
});

test('a second signal ends the process at once, and the run can go on', async () => {
  const out = join(folder, 'twice');
  // A step so long that the second signal meets it.
  const { signal } = await iwm(
    [...long, '--out', out, '--set', 'batch=2048'],
    [
      [/\nstep \d+\//, 'SIGINT'],
      [/stopping after this step/, 'SIGINT'],
    ],
  );
  assert.equal(signal, 'SIGINT');
  const next = await iwm(['pretrain', '--out', out, '--resume'], [[/\nstep \d+\//, 'SIGTERM']]);
  assert.equal(next.code, 143, next.stderr);
});

test('a report that is asked to stop does, and leaves no page', async () => {
  const out = join(folder, 'report');
  await pretrain(resolve('demo', { ...tiny, steps: 1 }), { out });
  const signal = AbortSignal.abort(new Error('stop'));
  await assert.rejects(reportRun(out, { signal, pictures: 4 }), /^Error: stop$/);
  assert.ok(!existsSync(join(out, 'report.html')));
});
