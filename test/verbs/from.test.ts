import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { resolve, succeed } from '../../src/run/config.js';
import { folderFiles, folderStore } from '../../src/run/disk/folder-files.js';
import { readSafetensors } from '../../src/run/disk/safetensors-file.js';
import { beginFrom } from '../../src/run/predecessor.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { tiny } from '../train/tiny-run.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-from-'));
after(() => rmSync(folder, { recursive: true }));

const first = join(folder, 'first');
const config = resolve('demo', { ...tiny, steps: 4, 'health.every': 4 });
before(() => pretrain(config, { out: first }));

const from = () => beginFrom(folderFiles(first));

const weights = (run: string) => readSafetensors(join(run, 'model.safetensors')).tensors;

test('a run begins with the weights of another: a step of no size leaves them as they are', async () => {
  const out = join(folder, 'still');
  const next = succeed(config, await from(), {
    steps: 1,
    'optimiser.learningRate': 1e-30,
    ema: [1, 1],
    'health.every': 1,
  });
  assert.deepEqual(next.from, { run: first, sha256: (await from()).sha256 });
  assert.equal(next.checkpoint.every, 1, 'follows the steps of the new run');
  const { before: untrained } = await pretrain(next, { out });
  const [theirs, ours] = [weights(first), weights(out)];
  assert.deepEqual([...ours.keys()], [...theirs.keys()]);
  for (const [name, { data }] of theirs) assert.deepEqual(ours.get(name)?.data, data, name);
  assert.equal(untrained?.step, 0);
});

test('what the other run was trained on is not held out, also when images or seed are others', async () => {
  const out = join(folder, 'other-seed');
  const next = succeed(config, await from(), { seed: 5, steps: 1 });
  await pretrain(next, { out });
  const [theirs, ours] = [await folderStore(first).images(), await folderStore(out).images()];
  const trained = new Set(theirs?.trained);
  assert.ok(trained.size > 40 && ours && ours.heldOut.length > 0);
  for (const { name, digest } of ours.heldOut) assert.ok(!trained.has(digest), name);
  for (const digest of trained) assert.ok(ours.trained.includes(digest));
});

test('a model of another size, another model in its place, and none at all are refused in a line', async () => {
  const out = join(folder, 'refused');
  const refused = (settings: Record<string, unknown>, pattern: RegExp, given = from()) =>
    assert.rejects(
      async () => pretrain(succeed(config, await given, settings), { out }),
      (error) => error instanceof UserError && pattern.test(error.message) && !error.message.includes('\n'),
    );
  await refused({ 'predictor.depth': 1 }, /another size: predictor\.depth 2, now 1; leave the sizes/);
  await refused(
    {},
    /is another than the one that this run began with/,
    Promise.resolve({ run: first, sha256: '0' }),
  );
  await assert.rejects(beginFrom(folderFiles(join(folder, 'none'))), UserError);
  assert.ok(!existsSync(out));
});
