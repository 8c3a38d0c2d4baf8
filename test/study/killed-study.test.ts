import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isInUse } from '../../src/run/disk/run-lock.js';
import { tiny } from '../train/tiny-run.js';

const launcher = fileURLToPath(new URL('../../bin/iwm.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'iwm-killed-study-'));
after(() => rmSync(folder, { recursive: true }));

const ended = /pretrain: (step [1-9]|iwm)/;

/** Runs `iwm study`, and ends it as soon as standard error shows a step of the training. */
async function study(signal: NodeJS.Signals) {
  const child = spawn(process.execPath, [launcher, 'study', 'long.json'], { cwd: folder });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const before = ended.test(stderr);
    stderr += text;
    if (!before && ended.test(stderr)) child.kill(signal);
  });
  await once(child, 'close');
  return stderr;
}

test('what a study runs stops in good order when the study is killed, and is gone on with', async () => {
  const declared = {
    ...{
      about: 'One long run.',
      expected: 'Nothing.',
      cost: 'Seconds.',
      preset: 'demo',
      data: ['synthetic'],
    },
    settings: { ...tiny, steps: 1_000_000 },
    ...{ axes: { only: { one: {} } }, seeds: [0], measures: {}, columns: { loss: 'pretrain.loss' } },
  };
  writeFileSync(join(folder, 'long.json'), JSON.stringify(declared));
  await study('SIGKILL');
  // Begun again at once, while what it ran may still be stopping.
  const told = await study('SIGTERM');
  const cell = join(folder, 'studies/long/one_seed-0');
  assert.match(told, /pretrain: step [1-9]/);
  assert.ok(!existsSync(join(cell, 'pretrain.json')), told);
  const steps = readFileSync(join(cell, 'run/metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).step as number);
  assert.ok(
    steps.length > 1 && steps.every((step, i) => i === 0 || step > (steps[i - 1] as number)),
    `${steps}`,
  );
  assert.ok(!isInUse(join(cell, 'run')));
});
