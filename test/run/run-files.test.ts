import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { resolve } from '../../src/run/config.js';
import { checkStart, readConfig } from '../../src/run/config-file.js';
import { folderFiles } from '../../src/run/disk/folder-files.js';
import { lockRun } from '../../src/run/disk/run-lock.js';
import { fileStore } from '../../src/run/file-store.js';
import type { RunFiles } from '../../src/run/run-files.js';
import { stepConfig } from '../../src/train/step.js';
import { initialState, weightsOf } from '../../src/train/trainer.js';
import { layouts } from '../../src/world-model/index.js';
import { tiny } from '../train/tiny-run.js';
import { memoryFiles } from './memory-files.js';
import { runFilesLaws } from './run-files-laws.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-files-'));
after(() => rmSync(folder, { recursive: true }));
const places: Readonly<Record<string, () => RunFiles>> = {
  'a folder': () => folderFiles(mkdtempSync(join(folder, 'run-'))),
  memory: memoryFiles,
};

const config = resolve('demo', { ...tiny, 'encoder.width': 8, 'predictor.depth': 1 });
const settings = stepConfig(config);
const parts = layouts(settings.model);
const stateOf = (seed: number) => initialState(settings, seed).state;
const images = { names: ['a', 'b'], heldOut: [{ name: 'a', digest: '01' }], trained: ['02'] };

const storeOf = (files: RunFiles) => fileStore(files, assert.fail);

/** Does to a store what a run does. */
async function keepRun(files: RunFiles): Promise<void> {
  const store = storeOf(files);
  await store.begin(config);
  await store.saveImages(images);
  for (const step of [1, 2, 3]) await store.save(step, stateOf(step), parts, 2);
  await store.badSamples.add({ sample: 'a.png', reason: 'empty' });
  await store.saveModel(weightsOf(initialState(settings, 3)), parts);
}

for (const [place, make] of Object.entries(places))
  describe(`in ${place}`, () => {
    test('files keep the laws that a run relies on', async () => {
      assert.deepEqual(await runFilesLaws(make()), []);
    });

    test('what a run keeps is read back, the newest checkpoint first, and only so many are kept', async () => {
      const files = make();
      const store = storeOf(files);
      assert.deepEqual([await store.images(), await store.storedSteps()], [undefined, []]);
      await keepRun(files);
      assert.deepEqual(await readConfig(files), config);
      assert.deepEqual(await store.images(), images);
      assert.deepEqual(await store.badSamples.read(), [{ sample: 'a.png', reason: 'empty' }]);
      assert.deepEqual(await store.storedSteps(), [2, 3]);
      const state = stateOf(0);
      assert.equal(await store.load(state, parts, assert.fail), 3);
      assert.deepEqual(state, stateOf(3));
      await files.remove('images.json');
      await assert.rejects(store.images(), /images\.json is missing, so nobody knows/);
    });

    test('a run is begun once, goes on only under its own settings, and never among strange files', async () => {
      const files = make();
      await checkStart(files, config, false);
      const refused = (change: object, resume: boolean, pattern: RegExp) =>
        assert.rejects(checkStart(files, { ...config, ...change }, resume), (error: Error) => {
          assert.match(error.message, pattern);
          return error instanceof UserError;
        });
      await refused({}, true, /holds no run to go on with/);
      await storeOf(files).begin(config);
      await checkStart(files, config, true);
      await refused({}, false, /exists already/);
      await refused({ seed: 7 }, true, /was started with other settings: seed \(0, now 7\)/);
      const strange = make();
      await strange.append('letter.txt', 'to whom');
      await assert.rejects(storeOf(strange).begin(config), /is no run, and not empty/);
    });
  });

test('a folder and memory hold the same bytes of the same run', async () => {
  const run = mkdtempSync(join(folder, 'run-'));
  const memory = memoryFiles();
  await keepRun(folderFiles(run));
  await keepRun(memory);
  for (const within of ['', 'checkpoints']) {
    const names = (await memory.list(within)).filter((name) => !name.endsWith('/'));
    assert.ok(names.length > 1);
    for (const name of names)
      assert.deepEqual(readFileSync(join(run, within, name)), await memory.read(join(within, name)), name);
  }
});

test("a process's claim on a folder is none of the run's files", async () => {
  const run = join(folder, 'claimed');
  const release = lockRun(run);
  assert.equal(readdirSync(run).length, 1);
  assert.deepEqual(await folderFiles(run).list(''), []);
  release();
});
