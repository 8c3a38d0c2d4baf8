import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { adapt } from '../../src/adapt/adapt.js';
import { AdaptedModel } from '../../src/adapt/model/adapted-model.js';
import { evaluateAdapted } from '../../src/adapt/model/evaluate-adapted.js';
import { probeRun } from '../../src/adapt/probe.js';
import { openMeasured, openTaskImages } from '../../src/adapt/tasks/task-images.js';
import { taskKinds } from '../../src/adapt/tasks/task-kinds.js';
import { openImages } from '../../src/data/images.js';
import { UserError } from '../../src/errors.js';
import { random } from '../../src/random.js';
import { resolve } from '../../src/run/config.js';
import { evaluateRun } from '../../src/verbs/evaluate-run.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { disturb, filesOf, paintNoise, SIDE } from '../data/noise-folder.js';
import { allPixels } from '../train/feed-training.js';
import { drawStreet, drawStreets } from './tiny-streets.js';
import { named, refuses } from './tiny-world.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-adapt-held-out-'));
after(() => rmSync(folder, { recursive: true }));

/** Noise in two classes that say nothing of it. */
async function paintFolder(path: string, first: number, count: number): Promise<void> {
  const draw = random(5, first);
  for (let i = 0; i < count; i++)
    await paintNoise(
      join(path, 'ab'.charAt(draw.integer(2)), `${String(i).padStart(3, '0')}.png`),
      first + i,
    );
}

/** A run on the folder that has hardly learned anything. */
async function pretrainOn(data: string, out: string): Promise<void> {
  const config = resolve('demo', {
    data: [data],
    'image.stored': SIDE,
    'image.size': SIDE,
    'image.patch': 4,
    'masks.visible': 2,
    'masks.predicted': 1,
    'encoder.depth': 1,
    'encoder.width': 32,
    'predictor.depth': 1,
    batch: 8,
    steps: 2,
    'health.images': 2,
  });
  await pretrain(config, { out, threads: 1 });
}

const wanted = { size: SIDE, seed: 0, badSamples: 0 };

test('whatever is added, removed or renamed after adapting, no image learned from is asked', async () => {
  const source = join(folder, 'source');
  const kind = taskKinds.classification;
  let own = 0;
  for (let round = 0; round < 5; round++) {
    rmSync(source, { recursive: true, force: true });
    await paintFolder(source, 0, 50);
    for (const file of filesOf(source).filter((_, i) => i % 6 === 0))
      copyFileSync(file, file.replace('.png', '-copy.png'));
    const images = await openTaskImages(kind, [source], { ...wanted, fraction: round % 2 === 0 ? 1 : 0.5 });
    const learned = new Set(await allPixels(images.training.images));
    const heldOut = await allPixels(images.heldOut.images);
    assert.ok(learned.size > 20 && heldOut.length > 4 && heldOut.every((image) => !learned.has(image)));
    await images.close();
    const done = (await disturb(source, 6 * round, random(78, round))).join(', ');
    const other = join(folder, `other-${round}`);
    cpSync(source, other, { recursive: true });
    await paintFolder(other, 1000, 6);
    const { kept } = images;
    const model = { classes: images.heldOut, data: [source], kept, badSamples: 0 };
    for (const data of [source, other]) {
      const { set } = await openMeasured(kind, [data], SIDE, model);
      const asked = await allPixels(set.images);
      await set.close();
      for (const image of asked) assert.ok(!learned.has(image), `learned from: ${done}`);
      if (data === other) continue;
      own += asked.length;
      for (const image of asked) assert.ok(heldOut.includes(image), `not held out: ${done}`);
    }
  }
  assert.ok(own > 15, `only ${own} were asked at all`);
});

test('an image of the validation split is not learned from, be it in the training split too: classes and masks', async () => {
  const split = join(folder, 'split');
  await paintFolder(join(split, 'train'), 0, 20);
  await paintFolder(join(split, 'val'), 100, 8);
  const [seen] = filesOf(join(split, 'val')) as [string];
  copyFileSync(seen, join(split, 'train', 'a', 'seen.png'));
  const images = await openTaskImages(taskKinds.classification, [split], wanted);
  assert.deepEqual([images.training.images.length, images.heldOut.images.length], [20, 8]);
  assert.match(images.training.description, /; not learned from, as held out too: 1 of these$/);
  await images.close();

  const streets = join(folder, 'streets');
  await drawStreets(streets, 6, 3);
  await drawStreet(streets, join('train', 'again'), 7);
  const masked = await openTaskImages(taskKinds.segmentation, [streets], { ...wanted, size: 16 });
  assert.deepEqual([masked.training.images.length, masked.heldOut.images.length], [6, 3]);
  await masked.close();
});

test('labels of noise cannot be known: not of held-out images, and not once a file is added', async () => {
  const [data, run, out] = [join(folder, 'noise'), join(folder, 'run'), join(folder, 'model')];
  await paintFolder(data, 0, 120);
  await pretrainOn(data, run);
  await adapt(
    {
      run,
      tasks: [{ data: [data] }],
      tune: 'all',
      epochs: 40,
      batch: 27,
      optimiser: { pretrained: 1, learningRate: 5e-3 },
    },
    { out, threads: 1 },
  );
  const model = await AdaptedModel.load(out, { threads: 1 });
  const all = await openImages([data], { size: SIDE });
  const { classes, probabilities } = await model.classify(
    await all.batch(Int32Array.from({ length: all.length }, (_, i) => i)),
  );
  const right = (all.labels as Int32Array).filter(
    (label, i) => (probabilities[i * classes.length + label] as number) > 0.5,
  ).length;
  assert.ok(right / all.length > 0.85, `most are known by heart: ${right} of ${all.length}`);
  await all.close();
  model.dispose();

  const before = named(await evaluateAdapted(out, { threads: 1 }));
  assert.equal(before.asked, 12);
  assert.ok(before.accuracy < 0.85, `labels of noise are known by heart: ${before.accuracy}`);
  const [first] = filesOf(join(data, 'a')) as [string];
  copyFileSync(first, join(data, 'a', '000-new.png'));
  const now = await evaluateAdapted(out, { threads: 1 });
  assert.deepEqual([named(now).asked, named(now).accuracy], [12, before.accuracy]);
  assert.match(
    String(now.protocol.asked),
    /12 of .*121 images.*; not asked, as training did not know the name: 1$/,
  );
  const copy = join(folder, 'copy');
  cpSync(data, copy, { recursive: true });
  const elsewhere = await evaluateAdapted(out, { data: [copy], threads: 1 });
  const { asked, accuracy } = named(elsewhere);
  assert.ok(accuracy < 0.85, `labels of noise are known by heart: ${accuracy}`);
  assert.ok(String(elsewhere.protocol.asked).endsWith(`; not asked, as trained on: ${121 - asked} more`));
  rmSync(join(out, 'images.json'));
  await refuses(evaluateAdapted(out, { threads: 1 }), 1, /images\.json is missing, so nobody knows/);
});

test('one image cut off among 60: pretraining, its evaluation, adapting, its evaluation and probing skip and name it', async () => {
  const [data, run, out] = [join(folder, 'cut'), join(folder, 'cut-run'), join(folder, 'cut-model')];
  await paintFolder(data, 0, 60);
  const cut = filesOf(data).find((file) => basename(file) === '031.png') as string;
  truncateSync(cut, 60);
  const said: string[] = [];
  const log = { note: (line: string) => said.push(line), progress: () => {} };
  const told = (verb: string, count: number): void => {
    const line = said.find((each) => /cannot be read and (is|are) skipped/.test(each));
    assert.ok(line?.startsWith(`1 of ${count} images`) && line.includes(cut), `${verb}: ${said.join('\n')}`);
    said.length = 0;
  };
  const config = resolve('demo', {
    ...JSON.parse(readFileSync(join(folder, 'run', 'config.json'), 'utf8')),
    data: [data],
    steps: 8,
    health: { every: 8, images: 2 },
  });
  await pretrain(config, { out: run, threads: 1, log });
  told('pretrain', 60);
  await evaluateRun(run, { threads: 1, images: 2, log });
  told('evaluate', 60);
  await adapt(
    { run, tasks: [{ data: [data] }], tune: 'head', epochs: 1, batch: 16 },
    { out, threads: 1, log },
  );
  told('adapt', 60);
  await evaluateAdapted(out, { data: [join(data, '.')], threads: 1, log });
  await probeRun({ run, data: [data], epochs: 1, batch: 16 }, { threads: 1, log });
  told('probe', 60);
  const other = join(folder, 'cut-other');
  await paintFolder(other, 500, 12);
  truncateSync(filesOf(other)[3] as string, 60);
  await evaluateAdapted(out, { data: [other], threads: 1, log });
  assert.ok(said.some((line) => line.startsWith('1 of 12 images cannot be read and is skipped')));
  truncateSync(filesOf(other)[4] as string, 60);
  await assert.rejects(
    evaluateAdapted(out, { data: [other], threads: 1 }),
    (error: Error) =>
      error instanceof UserError && /2 of 12 images cannot be read.*mend or remove them$/.test(error.message),
  );
});
