import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { openImages } from '../../src/data/images.js';
import { drawScene } from '../../src/data/scene.js';
import { UserError } from '../../src/errors.js';
import { reportRun } from '../../src/report/report-run.js';
import { BadSamples } from '../../src/run/bad-samples.js';
import { resolve, viewsConfig } from '../../src/run/config.js';
import { folderStore } from '../../src/run/disk/folder-files.js';
import { Admission } from '../../src/train/admission.js';
import { Batches } from '../../src/train/batches.js';
import { evaluateRun } from '../../src/verbs/evaluate-run.js';
import { pretrain } from '../../src/verbs/pretrain.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-bad-'));
after(() => rmSync(folder, { recursive: true }));
const COUNT = 60;
const SIZE = 16;
/** Places of the damaged files. */
const damaged = [7, 31];
const file = (place: number): string => `${String(place).padStart(2, '0')}.png`;
const [good, bad] = [join(folder, 'good'), join(folder, 'bad')];

before(async () => {
  mkdirSync(good);
  for (let place = 0; place < COUNT; place++) {
    const pixels = new Uint8Array(SIZE * SIZE * 3);
    drawScene(place, SIZE, pixels);
    await sharp(pixels, { raw: { width: SIZE, height: SIZE, channels: 3 } })
      .png()
      .toFile(join(good, file(place)));
  }
  cpSync(good, bad, { recursive: true });
  for (const place of damaged) writeFileSync(join(bad, file(place)), 'damaged');
});

const settings = {
  data: [bad],
  'image.stored': SIZE,
  'image.size': SIZE,
  'image.patch': 4,
  'masks.visible': 6,
  'masks.predicted': 6,
  'encoder.depth': 1,
  'encoder.width': 32,
  'predictor.depth': 1,
  batch: 16,
  steps: 4,
  'health.images': 4,
};

test('other images stand in for bad ones; all others are where they would be', async () => {
  const config = resolve('demo', settings);
  const [whole, broken] = [await openImages([good], { size: SIZE }), await openImages([bad], { size: SIZE })];
  const met = new Set<string>();
  const expected = new Batches(whole, viewsConfig(config), 0, 16);
  const admission = () => new Admission(broken, new Set(), [], ({ sample }) => void met.add(sample));
  const found = () => new Batches(broken, viewsConfig(config), 0, 16, admission());
  const one = 3 * SIZE * SIZE;
  const all = await whole.batch(Int32Array.from({ length: COUNT }, (_, i) => i));
  const placeOf = (pixels: Float32Array): number =>
    Array.from({ length: COUNT }, (_, i) => i).find((i) =>
      all.subarray(i * one, (i + 1) * one).every((value, k) => value === pixels[k]),
    ) ?? -1;
  const batches = found();
  for (let number = 0; number < 8; number++) {
    const [right, batch] = [await expected.get(number), await batches.get(number)];
    assert.deepEqual(batch.views, right.views);
    // The same when asked alone, as after resuming.
    assert.deepEqual((await found().get(number)).images, batch.images);
    for (let i = 0; i < 16; i++) {
      const wanted = placeOf(right.images.subarray(i * one, (i + 1) * one));
      const given = placeOf(batch.images.subarray(i * one, (i + 1) * one));
      if (damaged.includes(wanted)) assert.ok(given >= 0 && !damaged.includes(given));
      else assert.equal(given, wanted);
    }
  }
  assert.deepEqual(
    [...met].sort(),
    damaged.map((place) => join(bad, file(place))),
  );
  await Promise.all([whole.close(), broken.close()]);
});

test('pretraining skips and lists bad samples, always the same; report and evaluation skip them too', async () => {
  const digests = [];
  for (const name of ['one', 'other']) {
    const out = join(folder, name);
    const notes: string[] = [];
    const log = { note: (text: string) => notes.push(text), progress: () => {} };
    await pretrain(resolve('demo', { ...settings, badSamples: 0.05 }), { out, log });
    const lines = readFileSync(join(out, 'bad-samples.jsonl'), 'utf8').trim().split('\n');
    const samples = lines.map((line) => (JSON.parse(line) as { sample: string }).sample);
    assert.deepEqual(
      samples.sort(),
      damaged.map((place) => join(bad, file(place))),
    );
    assert.match(
      notes.join('\n'),
      /2 of 60 images cannot be read and are skipped: .*\d\d\.png \(not a readable image.*bad-samples\.jsonl/,
    );
    digests.push(
      createHash('sha256')
        .update(readFileSync(join(out, 'model.safetensors')))
        .digest('hex'),
    );
  }
  assert.equal(digests[0], digests[1]);
  await reportRun(join(folder, 'one'));
  const notes: string[] = [];
  const log = { note: (text: string) => notes.push(text), progress: () => {} };
  const asked = join(folder, 'asked');
  cpSync(bad, asked, { recursive: true });
  await evaluateRun(join(folder, 'one'), { data: [asked], images: 2, log });
  for (const place of damaged)
    assert.ok(
      notes.some((note) => note.includes('cannot be read and are skipped') && note.includes(file(place))),
      notes.join('\n'),
    );
  for (const place of [1, 2, 3, 4, 5, 6]) writeFileSync(join(asked, file(place)), 'damaged');
  await assert.rejects(
    evaluateRun(join(folder, 'one'), { data: [asked] }),
    (error: Error) =>
      error instanceof UserError &&
      /asked.\d\d\.png: not a readable image .*; \d of 120 images cannot be read, more than the 5 % that badSamples allows: mend or remove them$/.test(
        error.message,
      ),
  );
});

test('past the share allowed, training stops, naming sample, counts, file and key', async () => {
  await assert.rejects(
    pretrain(resolve('demo', settings), { out: join(folder, 'strict') }),
    (error: Error) =>
      error instanceof UserError &&
      /\.png: not a readable image .*; 2 of 60 images cannot be read, more than the 1 % that badSamples allows: .*strict.bad-samples\.jsonl lists, or begin anew with --set badSamples=0\.07/.test(
        error.message,
      ),
  );
});

test('counting goes on where an earlier part of the run left off', async () => {
  mkdirSync(join(folder, 'counted'));
  const add = async (names: string[]): Promise<void> => {
    const samples = await BadSamples.open({
      list: folderStore(join(folder, 'counted')).badSamples,
      images: 100,
      share: 0.02,
    });
    for (const sample of names) await samples.add({ sample, reason: 'bad' });
  };
  await add(['a', 'a', 'b']);
  await add(['b', 'a']);
  await assert.rejects(add(['c']), /c: bad; 3 of 100 images/);
});

test('under a hundred images one may be unreadable, unless none is allowed', async () => {
  const bad = async (share: number, names: string[]): Promise<void> => {
    const samples = await BadSamples.open({ images: 60, share });
    for (const sample of names) await samples.add({ sample, reason: 'cut off' });
  };
  await bad(0.01, ['a', 'a']);
  await assert.rejects(bad(0.01, ['a', 'b']), /b: cut off; 2 of 60 images cannot be read/);
  await assert.rejects(bad(0, ['a']), /a: cut off; 1 of 60 images cannot be read/);
});
