import assert from 'node:assert/strict';
import fs, { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { systemRefusal, UserError } from '../../src/errors.js';
import { resolve } from '../../src/run/config.js';
import { folderStore } from '../../src/run/disk/folder-files.js';
import { loadModel } from '../../src/run/disk/model-file.js';
import { readSafetensors, writeSafetensors } from '../../src/run/disk/safetensors-file.js';
import { stepConfig } from '../../src/train/step.js';
import { initialState, weightsOf } from '../../src/train/trainer.js';
import { layouts } from '../../src/world-model/index.js';
import { tiny } from '../train/tiny-run.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-checkpoint-'));
after(() => rmSync(folder, { recursive: true }));

const settings = stepConfig(resolve('demo', tiny));
const parts = layouts(settings.model);
const stateOf = (seed: number) => initialState(settings, seed).state;
const quiet = () => {};
const fileOf = (run: string, step: number) =>
  join(run, 'checkpoints', `step-${`${step}`.padStart(7, '0')}.safetensors`);

/** A run with checkpoints of steps 1, 2, …, whose states are those of the seeds 1, 2, … */
async function runWith(count: number): Promise<string> {
  const run = mkdtempSync(join(folder, 'run-'));
  for (let step = 1; step <= count; step++) await folderStore(run).save(step, stateOf(step), parts, count);
  return run;
}

test('the newest is loaded, bit for bit, and only so many are kept', async () => {
  const run = mkdtempSync(join(folder, 'run-'));
  assert.equal(await folderStore(run).load(stateOf(0), parts, quiet), undefined);
  for (let step = 1; step <= 12; step++) await folderStore(run).save(step, stateOf(step), parts, 3);
  assert.deepEqual(
    readdirSync(join(run, 'checkpoints')).sort(),
    [10, 11, 12].map((step) => `step-00000${step}.safetensors`),
  );
  const state = stateOf(0);
  assert.equal(await folderStore(run).load(state, parts, () => assert.fail('nothing is damaged')), 12);
  assert.deepEqual(state, stateOf(12));
});

describe('a damaged newest checkpoint', () => {
  const damages: Readonly<Record<string, (file: string) => unknown>> = {
    'cut off': (file) => writeFileSync(file, readFileSync(file).subarray(0, -1000)),
    empty: (file) => writeFileSync(file, ''),
    garbage: (file) => writeFileSync(file, Buffer.alloc(5000, 0x5a)),
    'one bit of one number': (file) => {
      const bytes = readFileSync(file);
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 4321) ^ 1, bytes.length - 4321);
      writeFileSync(file, bytes);
    },
    'of another model': async (file) => {
      const other = stepConfig(resolve('demo', { ...tiny, 'encoder.width': 64 }));
      const place = mkdtempSync(join(folder, 'other-'));
      await folderStore(place).save(1, initialState(other, 0).state, layouts(other.model), 1);
      copyFileSync(fileOf(place, 1), file);
    },
  };
  for (const [what, damage] of Object.entries(damages))
    test(`${what}: the one before is taken, one line says so, and the next to come replaces it`, async () => {
      const run = await runWith(3);
      await damage(fileOf(run, 3));
      const state = stateOf(0);
      const said: string[] = [];
      assert.equal(await folderStore(run).load(state, parts, (line) => said.push(line)), 2);
      assert.deepEqual(state, stateOf(2));
      assert.equal(said.length, 1);
      assert.match(said[0]!, /^damaged checkpoint, trying the one before: .*step-0000003\.safetensors/);
      assert.ok(!said[0]!.includes('\n'));
      // With one to keep, the new one is kept, not the damaged one of a later step.
      await folderStore(run).save(2, state, parts, 1);
      assert.equal(await folderStore(run).load(stateOf(0), parts, quiet), 2);
    });

  test('none is whole: refused, as starting afresh is for a person to decide', async () => {
    const run = await runWith(2);
    for (const step of [1, 2]) writeFileSync(fileOf(run, step), 'x');
    const state = stateOf(0);
    await assert.rejects(folderStore(run).load(state, parts, quiet), UserError);
    assert.deepEqual(state, stateOf(0));
  });
});

test('a model that does not fit is refused with every tensor by name', async () => {
  const run = mkdtempSync(join(folder, 'run-'));
  await folderStore(run).saveModel(weightsOf(initialState(settings, 5)), parts);
  assert.deepEqual(loadModel(run, parts).predictor, stateOf(5).weights.predictor);
  const file = join(run, 'model.safetensors');
  const { tensors, metadata } = readSafetensors(file);
  const changed = new Map(tensors);
  const names = [...tensors.keys()];
  const missing = names.slice(0, 7);
  const misshapen = names.slice(-7);
  const extra = ['encoder.blocks.9.attn.qkv.weight', 'head.weight'];
  for (const name of missing) changed.delete(name);
  for (const name of misshapen) changed.set(name, { shape: [1, 2], data: new Float32Array(2) });
  for (const name of extra) changed.set(name, { shape: [1], data: new Float32Array(1) });
  writeSafetensors(file, { tensors: changed, metadata });
  assert.throws(
    () => loadModel(run, parts),
    ({ message }: Error) => {
      const [, lacks = '', more = '', shapes = ''] =
        /missing: (.*); not part of the model: (.*); of another shape: (.*)$/.exec(message) ?? [];
      assert.deepEqual(lacks.split(', ').sort(), [...missing].sort());
      assert.deepEqual(more.split(', '), extra);
      for (const name of misshapen)
        assert.ok(shapes.includes(`${name} is [1, 2], not [${tensors.get(name)!.shape.join(', ')}]`), name);
      return message.startsWith(file);
    },
  );
});

test('a disk that fills up while a checkpoint is written leaves the earlier one and no rest', async () => {
  const run = await runWith(1);
  const original = fs.writeSync;
  let writes = 0;
  const failing = (...args: Parameters<typeof original>): number => {
    if (++writes < 20) return original(...args);
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  };
  fs.writeSync = failing as typeof original;
  syncBuiltinESMExports();
  try {
    await assert.rejects(
      folderStore(run).save(2, stateOf(2), parts, 1),
      (error: unknown) => systemRefusal(error)?.startsWith(`${fileOf(run, 2)}: no space left`) === true,
    );
  } finally {
    fs.writeSync = original;
    syncBuiltinESMExports();
  }
  assert.equal(writes, 20);
  assert.deepEqual(readdirSync(join(run, 'checkpoints')), ['step-0000001.safetensors']);
  const state = stateOf(0);
  assert.equal(await folderStore(run).load(state, parts, quiet), 1);
  assert.deepEqual(state, stateOf(1));
});
