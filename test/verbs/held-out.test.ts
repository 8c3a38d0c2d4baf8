import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { random } from '../../src/random.js';
import { type Config, resolve } from '../../src/run/config.js';
import type { KeptImages } from '../../src/run/kept-images.js';
import { openEvaluationSets } from '../../src/verbs/evaluation-sets.js';
import { disturb, filesOf, paintNoise, SIDE } from '../data/noise-folder.js';
import { allPixels, feedTraining } from '../train/feed-training.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-held-out-'));
after(() => rmSync(folder, { recursive: true }));

const tiny = (data: string[], more: Record<string, unknown> = {}): Config =>
  resolve('demo', {
    data,
    'image.stored': SIDE,
    'image.size': SIDE,
    'image.patch': 2,
    'masks.visible': 6,
    'masks.predicted': 6,
    batch: 8,
    ...more,
  });

/** Images numbered from `first` on, in classes a and b by turns; every seventh is there twice where `twice` says so. */
async function paintFolder(path: string, first: number, count: number, twice = false): Promise<void> {
  for (let i = 0; i < count; i++) {
    const file = join(path, 'ab'.charAt(i % 2), `${String(i).padStart(3, '0')}.png`);
    await paintNoise(file, first + i);
    if (twice && i % 7 === 0) copyFileSync(file, file.replace('.png', '-copy.png'));
  }
}

interface Opened {
  readonly asked: string[];
  readonly bank: string[];
  readonly description: { readonly asked: string; readonly bank: string };
}

/** The pixels of what an evaluation would ask, and of its bank. */
async function evaluated(
  config: Config,
  kept: KeptImages,
  options: { data?: string[]; bank?: string } = {},
): Promise<Opened> {
  const sets = await openEvaluationSets(config, kept, { seed: 0, ...options });
  try {
    return {
      asked: await allPixels(sets.asked),
      bank: await allPixels(sets.bank),
      description: sets.description,
    };
  } finally {
    await sets.close();
  }
}

test('whatever is added, removed or renamed after training, no image trained on is asked, nor is one in the bank', async () => {
  const source = join(folder, 'source');
  await paintFolder(source, 0, 56, true);
  const config = tiny([source], { seed: 3 });
  const { kept, trained, heldOut } = await feedTraining(config, 3);
  assert.equal(heldOut.length, 8);
  assert.ok(trained.size > 46 && heldOut.every((image) => !trained.has(image)), 'held out for real');
  let own = 0;
  for (let round = 0; round < 5; round++) {
    rmSync(source, { recursive: true });
    await paintFolder(source, 0, 56, true);
    const done = (await disturb(source, 6 * round, random(77, round))).join(', ');
    // Another source with all images of this one among its own.
    const other = join(folder, `other-${round}`);
    cpSync(source, other, { recursive: true });
    await paintFolder(other, 1000, 6);
    const there = await evaluated(config, kept, { data: [other] });
    const left = new Set(heldOut.filter((image) => there.asked.includes(image)));
    const here = await evaluated(config, kept).catch((error: Error) => {
      assert.ok(error instanceof UserError && /images to measure on/.test(error.message), String(error));
      assert.ok(left.size < 2, done);
      return undefined;
    });
    for (const { asked, bank } of here === undefined ? [there] : [there, here]) {
      const known = new Set(bank);
      for (const image of asked) {
        assert.ok(!trained.has(image), `trained on: ${done}`);
        assert.ok(!known.has(image), `in the bank: ${done}`);
      }
    }
    if (here === undefined) continue;
    assert.deepEqual(new Set(here.asked), left, done);
    own += here.asked.length;
  }
  assert.ok(own > 8, `only ${own} were asked at all`);
});

test('it is said how many held-out images are missing, and how many new ones are not asked', async () => {
  const source = join(folder, 'said');
  await paintFolder(source, 0, 80);
  const config = tiny([source]);
  const { kept } = await feedTraining(config);
  const before = await evaluated(config, kept);
  assert.match(before.description.asked, /^8 of .*: 80 images.*; held out of training$/);
  const [first, second] = kept.heldOut.map(({ name }) => name) as [string, string];
  rmSync(first);
  cpSync(second, join(source, 'a', 'zzz.png'));
  rmSync(second);
  await paintNoise(join(source, 'b', '000-new.png'), 5000);
  const { description, asked } = await evaluated(config, kept);
  assert.equal(asked.length, 7);
  assert.match(
    description.asked,
    /^7 of .*; held out of training; missing or changed since: 1 more of these; not asked, as training did not know the name: 1$/,
  );
});

test('of a source that was one of two trained on, only what was not trained on is asked, and never from the bank', async () => {
  const [one, other] = [join(folder, 'one'), join(folder, 'other')];
  await paintFolder(one, 0, 60);
  await paintFolder(other, 200, 60);
  const { kept, trained, heldOut } = await feedTraining(tiny([one, other]), 2);
  const { asked, bank, description } = await evaluated(tiny([one, other]), kept, { data: [one] });
  assert.ok(asked.length >= 2 && asked.every((image) => !trained.has(image)));
  assert.ok(asked.some((image) => heldOut.includes(image)));
  const known = new Set(bank);
  assert.ok(asked.every((image) => !known.has(image)));
  assert.equal(bank.length, 120 - asked.length);
  assert.match(description.asked, new RegExp(`; not asked, as trained on: ${60 - asked.length} more$`));
});

test('a folder and its part: photos and photos/train', async () => {
  const photos = join(folder, 'photos');
  await paintFolder(join(photos, 'train'), 0, 60);
  for (const [trainedOn, data] of [
    [photos, join(photos, 'train')],
    [join(photos, 'train'), photos],
  ] as const) {
    const { kept, trained } = await feedTraining(tiny([trainedOn]), 2);
    const { asked, bank } = await evaluated(tiny([trainedOn]), kept, { data: [data] });
    assert.equal(asked.length, 8);
    assert.ok(asked.every((image) => !trained.has(image) && !bank.includes(image)));
  }
});

test('a choice of the images: held-out ones are found though others would be chosen now', async () => {
  const source = join(folder, 'limited');
  await paintFolder(source, 0, 80);
  const config = tiny([source], { limit: 60 });
  const { kept, trained, heldOut } = await feedTraining(config, 2);
  for (let i = 0; i < 5; i++) await paintNoise(join(source, 'a', `00-${i}.png`), 300 + i);
  const { asked } = await evaluated(config, kept);
  assert.deepEqual(new Set(asked), new Set(heldOut));
  assert.ok(asked.every((image) => !trained.has(image)));
});

test('a bad image that is removed as told changes nothing of what is asked', async () => {
  const source = join(folder, 'mended');
  await paintFolder(source, 0, 100);
  const config = tiny([source]);
  const { kept, heldOut } = await feedTraining(config);
  const trainedOn = filesOf(source).find((file) => !kept.heldOut.some(({ name }) => name === file)) as string;
  writeFileSync(trainedOn, 'cut off');
  assert.deepEqual(new Set((await evaluated(config, kept)).asked), new Set(heldOut));
  rmSync(trainedOn);
  assert.deepEqual(new Set((await evaluated(config, kept)).asked), new Set(heldOut));
});

test('what cannot be asked is refused in a line', async () => {
  const source = join(folder, 'refused');
  await paintFolder(source, 0, 40);
  const config = tiny(['synthetic:40']);
  const none = { names: [], heldOut: [], trained: [] };
  await assert.rejects(
    evaluated(config, none, { data: [source], bank: source }),
    (error: Error) =>
      error instanceof UserError &&
      error.exitCode === 2 &&
      /all its images are asked, so none is left to search; give others with --bank/.test(error.message),
  );
  await assert.rejects(evaluated(config, none, { data: ['nowhere'] }), /nowhere: no such/);
  await assert.rejects(
    evaluated(tiny([source]), none),
    /held out of training.*: too few images to measure on \(0\)/,
  );
});
