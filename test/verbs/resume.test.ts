import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { type Config, resolve } from '../../src/run/config.js';
import { folderStore } from '../../src/run/disk/folder-files.js';
import { type PretrainOptions, pretrain } from '../../src/verbs/pretrain.js';
import { digest, tiny } from '../train/tiny-run.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-resume-'));
after(() => rmSync(folder, { recursive: true }));

const steps = 12;
const config = resolve('demo', {
  ...tiny,
  steps,
  'log.every': 2,
  'health.every': 6,
  'checkpoint.every': 4,
  'checkpoint.keep': 3,
});
const whole = join(folder, 'whole');
before(() => pretrain(config, { out: whole }));

const storedIn = (run: string): string[] => readdirSync(join(run, 'checkpoints')).sort();
/** Which lines metrics.jsonl has. */
const logged = async (run: string): Promise<string[]> =>
  (await folderStore(run).metrics()).map(({ kind, step }) => `${kind} ${step}`);

/** Trains until a line of the log matches, then asks the run to stop. @returns the lines that it noted */
async function stopAt(
  line: RegExp,
  out: string,
  options: Partial<PretrainOptions> & { config?: Config } = {},
) {
  const controller = new AbortController();
  const reason = new Error('stop');
  const notes: string[] = [];
  const look = (text: string): void => {
    notes.push(text);
    if (line.test(text)) controller.abort(reason);
  };
  await assert.rejects(
    pretrain(options.config ?? config, {
      out,
      signal: controller.signal,
      log: { note: look, progress: look },
      ...options,
    }),
    (error) => error === reason,
  );
  return notes;
}

async function resume(out: string) {
  const notes: string[] = [];
  const result = await pretrain(config, {
    out,
    resume: true,
    log: { note: (line) => notes.push(line), progress: () => {} },
  });
  assert.equal(digest(out), digest(whole));
  assert.deepEqual(await logged(out), await logged(whole), 'no step appears twice, none is missing');
  return { result, notes };
}

test('asked to stop, a run finishes its step, writes a checkpoint and goes on to the same weights', async () => {
  const out = join(folder, 'stopped');
  await stopAt(/^step 6\//, out);
  assert.deepEqual(storedIn(out), ['step-0000004.safetensors', 'step-0000006.safetensors']);
  assert.ok(!existsSync(join(out, 'model.safetensors')));
  // What a kill while writing would have left.
  appendFileSync(join(out, 'metrics.jsonl'), '{"kind":"st');
  writeFileSync(join(out, 'checkpoints', 'step-0000008.safetensors.4711.tmp'), 'half');
  const { result, notes } = await resume(out);
  assert.ok(notes.includes(`${out}: going on after step 6`));
  assert.equal(result.images, 6 * config.batch);
  // "Before" is the untrained model, not where this call began.
  assert.equal(result.before?.step, 0);
  assert.deepEqual(
    storedIn(out),
    [6, 8, 12].map((step) => `step-${`${step}`.padStart(7, '0')}.safetensors`),
  );
  assert.ok(readdirSync(out).every((name) => !/\.(tmp|lock)$/.test(name)));
});

test('stopped in a health check, a run leaves it and keeps the step', async () => {
  const out = join(folder, 'health');
  await stopAt(/^health at step 0:/, out);
  assert.deepEqual(await logged(out), ['step 1', 'step 2', 'step 4', 'step 6', 'health 0']);
  const { notes } = await resume(out);
  assert.ok(notes.includes(`${out}: going on after step 6`));
});

test('a damaged newest checkpoint: the one before is taken, and the weights are the same', async () => {
  const out = join(folder, 'damaged');
  await stopAt(/^step 10\//, out);
  truncateSync(join(out, 'checkpoints', 'step-0000010.safetensors'), 5000);
  const { notes } = await resume(out);
  assert.equal(notes.filter((line) => /damaged checkpoint.*step-0000010/.test(line)).length, 1);
  assert.ok(notes.includes(`${out}: going on after step 8`));
});

test('a run at its last step is only finished', async () => {
  const { before: first, after: last, loss } = await pretrain(config, { out: whole, resume: true });
  const out = join(folder, 'last');
  await stopAt(/^step 12\//, out);
  const { result } = await resume(out);
  assert.deepEqual([result.images, result.seconds, result.imagesPerSecond, result.inputShare], [0, 0, 0, 0]);
  assert.deepEqual([result.before, result.after, result.loss], [first, last, loss]);
});

test('a run that was stopped before its first step starts afresh', async () => {
  const out = join(folder, 'early');
  await stopAt(/^takes about/, out);
  assert.deepEqual(await logged(out), []);
  const { notes } = await resume(out);
  assert.ok(notes.includes(`${out}: no checkpoint yet, starting afresh`));
});

test('resuming where there is no run, with other settings, or where other files are, is refused', async () => {
  const missing = join(folder, 'missing');
  await assert.rejects(
    pretrain(config, { out: missing, resume: true }),
    (error) => error instanceof UserError && /missing holds no run to go on with/.test(error.message),
  );
  assert.ok(!existsSync(missing), 'nothing is left that would hide the next mistake');
  const out = join(folder, 'other');
  await stopAt(/^takes about/, out);
  const other = { ...config, steps: 13, optimiser: { ...config.optimiser, learningRate: 0.5 } };
  await assert.rejects(
    pretrain(other, { out, resume: true }),
    (error) =>
      error instanceof UserError &&
      error.exitCode === 2 &&
      /other settings: steps \(12, now 13\), optimiser\.learningRate \(0\.002, now 0\.5\);/.test(
        error.message,
      ),
  );
  const photos = mkdtempSync(join(folder, 'photos-'));
  writeFileSync(join(photos, 'a.jpg'), '');
  await assert.rejects(pretrain(config, { out: photos }), /is no run, and not empty/);
  assert.deepEqual(readdirSync(photos), ['a.jpg']);
});

test('training that diverges stops, says where and what to try, and keeps the last good state', async () => {
  const out = join(folder, 'diverges');
  const wild = resolve('demo', {
    ...tiny,
    steps: 9,
    'optimiser.learningRate': 1e18,
    'health.every': 9,
    'checkpoint.every': 1,
  });
  let step = 0;
  await assert.rejects(pretrain(wild, { out }), (error) => {
    assert.ok(error instanceof UserError && error.exitCode === 1, String(error));
    step = Number(/not finite at step (\d+); /.exec(error.message)?.[1]);
    assert.match(error.message, /Try a lower optimiser\.learningRate \(now 1000000000000000000\)/);
    assert.match(error.message, step === 1 ? /no checkpoint yet/ : new RegExp(`of step ${step - 1} is kept`));
    return true;
  });
  assert.ok(step > 1);
  assert.equal(storedIn(out).at(-1), `step-000000${step - 1}.safetensors`);
});
