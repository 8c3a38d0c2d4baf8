import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { resolve } from '../../src/run/config.js';
import { folderStore } from '../../src/run/disk/folder-files.js';
import { evaluateRun } from '../../src/verbs/evaluate-run.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { filesOf, paintNoise, SIDE } from '../data/noise-folder.js';
import { digest } from '../train/tiny-run.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-resume-images-'));
after(() => rmSync(folder, { recursive: true }));
const data = join(folder, 'data');
const [whole, stopped] = [join(folder, 'whole'), join(folder, 'stopped')];
const config = resolve('demo', {
  data: [data],
  'image.stored': SIDE,
  'image.size': SIDE,
  'image.patch': 2,
  'masks.visible': 6,
  'masks.predicted': 6,
  'encoder.depth': 1,
  'encoder.width': 16,
  'predictor.depth': 1,
  batch: 8,
  steps: 12,
  'health.every': 12,
  'health.images': 2,
  'checkpoint.every': 4,
});

/** Labels of noise, images numbered from `first` on. */
async function paintFolder(path: string, first: number, count: number): Promise<void> {
  for (let i = 0; i < count; i++)
    await paintNoise(join(path, 'ab'.charAt(i % 2), `${first + i}.png`), first + i);
}

before(async () => {
  await paintFolder(data, 10, 60);
  await pretrain(config, { out: whole, threads: 1 });
  const controller = new AbortController();
  const look = (line: string): void => {
    if (line.startsWith('step 5/')) controller.abort(new Error('stop'));
  };
  const log = { note: look, progress: look };
  await assert.rejects(
    pretrain(
      { ...config, log: { every: 1 } },
      { out: join(folder, 'aside'), threads: 1, signal: controller.signal, log },
    ),
    /stop/,
  );
  renameSync(join(folder, 'aside'), stopped);
});

const imagesOf = (run: string) => folderStore(run).images();

const goOn = () => pretrain({ ...config, log: { every: 1 } }, { out: stopped, resume: true, threads: 1 });

const refused = (pattern: RegExp): Promise<void> =>
  assert.rejects(goOn(), (error: Error) => error instanceof UserError && pattern.test(error.message));

test('a run keeps the names of its images, those held out, and the digests of those trained on so far', async () => {
  const [images, early] = [await imagesOf(whole), await imagesOf(stopped)];
  assert.equal(images?.names.length, 60);
  assert.equal(images.heldOut.length, 8);
  assert.deepEqual(early?.heldOut, images.heldOut);
  // 12 steps of 8 are more than an epoch of 52; of 5 steps each image is another.
  assert.deepEqual([images.trained.length, early.trained.length], [52, 40]);
  const held = new Set(images.heldOut.map(({ digest }) => digest));
  assert.ok(images.trained.every((each) => !held.has(each)));
});

test('resuming is refused when the list of images has changed, and says how', async () => {
  const [one, other, third] = filesOf(data) as [string, string, string];
  await paintFolder(data, 90, 3);
  renameSync(one, join(folder, 'one.png'));
  renameSync(other, join(folder, 'other.png'));
  await refused(
    /stopped: its images have changed since it began: 3 added \(.*90\.png, .*, …\), 2 removed \(.*10\.png, .*12\.png\); put them back to go on, or begin a new run from its weights: iwm pretrain --from /,
  );
  for (const file of filesOf(data).filter((each) => /9\d\.png$/.test(each))) rmSync(file);
  await refused(/began: 2 removed \(/);
  renameSync(join(folder, 'one.png'), one);
  renameSync(join(folder, 'other.png'), other);

  const { name } = (await imagesOf(stopped))?.heldOut[0] ?? assert.fail();
  const saved = readFileSync(name);
  copyFileSync(name === third ? one : third, name);
  await refused(/its images have changed since it began: .*\.png is another image;/);
  writeFileSync(name, saved);

  const kept = readFileSync(join(stopped, 'images.json'));
  rmSync(join(stopped, 'images.json'));
  await refused(/images\.json is missing, so nobody knows which images were held out/);
  writeFileSync(join(stopped, 'images.json'), '{"names": []}');
  await refused(/images\.json: does not say which images were held out \(heldOut: /);
  writeFileSync(join(stopped, 'images.json'), kept);
});

test('with its images put back a run goes on to the same weights, and holds out the same images', async () => {
  await goOn();
  assert.equal(digest(stopped), digest(whole));
  const [images, now] = [await imagesOf(whole), await imagesOf(stopped)];
  assert.deepEqual(now?.heldOut, images?.heldOut);
  assert.deepEqual(new Set(now?.trained), new Set(images?.trained));
});

test('k-NN does not find the asked image in its bank: a run on two sources, asked on one; labels of noise', async () => {
  const other = join(folder, 'other');
  await paintFolder(other, 200, 60);
  const run = join(folder, 'both');
  await pretrain({ ...config, data: [data, other], steps: 20 }, { out: run, threads: 1 });
  const { knn, protocol } = await evaluateRun(run, { data: [data], images: 2, threads: 1 });
  assert.ok(knn && knn.asked < 10 && knn.bank === 120 - knn.asked);
  assert.match(String(protocol.images), /; not asked, as trained on: \d+ more$/);
  const fresh = join(folder, 'fresh');
  await paintFolder(fresh, 400, 40);
  for (const file of filesOf(fresh))
    copyFileSync(
      file,
      file.replace('fresh', 'data').replace(/\d+\.png$/, (name) => `later-${name}`),
    );
  // Now all of `fresh` lies in the bank's folder too, under other names.
  const asked = await evaluateRun(run, { data: [fresh], images: 2, threads: 1 });
  assert.deepEqual([asked.knn?.asked, asked.knn?.bank], [40, 120]);
  assert.ok((asked.knn?.accuracy ?? 1) < 0.8, `labels of noise cannot be known: ${asked.knn?.accuracy}`);
});
