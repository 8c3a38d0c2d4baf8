import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { random } from '../../src/random.js';
import { type Config, resolve } from '../../src/run/config.js';
import { describeEvaluation, evaluateRun } from '../../src/verbs/evaluate-run.js';
import { openEvaluationSets } from '../../src/verbs/evaluation-sets.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { feedTraining } from '../train/feed-training.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-evaluate-'));
after(() => rmSync(folder, { recursive: true }));
const noise = join(folder, 'noise');
const split = join(folder, 'split');
const other = join(folder, 'other');
const draw = random(31);

async function paint(path: string): Promise<void> {
  mkdirSync(join(path, '..'), { recursive: true });
  const pixels = Uint8Array.from({ length: 8 * 8 * 3 }, () => draw.integer(256));
  await sharp(pixels, { raw: { width: 8, height: 8, channels: 3 } })
    .png()
    .toFile(path);
}

before(async () => {
  for (let i = 0; i < 240; i++) await paint(join(noise, 'abcd'.charAt(i % 4), `${i}.png`));
  for (let i = 0; i < 40; i++) await paint(join(other, 'abc'.charAt(i % 3), `${i}.png`));
  for (const part of ['train', 'test'])
    for (let i = 0; i < 12; i++) await paint(join(split, part, 'ab'.charAt(i % 2), `${i}.png`));
});

const tiny = (data: string, more: Record<string, unknown> = {}): Config =>
  resolve('demo', {
    data: [data],
    'image.stored': 8,
    'image.size': 8,
    'image.patch': 2,
    'masks.visible': 6,
    'masks.predicted': 6,
    'encoder.depth': 1,
    'encoder.width': 16,
    'predictor.depth': 1,
    batch: 8,
    steps: 2,
    'health.images': 2,
    ...more,
  });

test('the same folder by another path is the same', async () => {
  const { kept } = await feedTraining(tiny(noise));
  const options = { data: [`${split}/../noise`], seed: 0 };
  const { asked, bank, description, close } = await openEvaluationSets(tiny(noise), kept, options);
  assert.deepEqual([asked.length, bank.length], [12, 228]);
  assert.match(description.asked, /^12 of .*held out of training$/);
  assert.match(description.bank, /^228 of /);
  await close();
});

test('a split that was not trained on is asked whole, in random order, against all training data', async () => {
  const { kept } = await feedTraining(tiny(split));
  const { asked, bank, description, close } = await openEvaluationSets(tiny(split), kept, { seed: 0 });
  assert.deepEqual([asked.split, asked.length, bank.split, bank.length], ['test', 12, 'train', 12]);
  assert.doesNotMatch(description.asked, /held out/);
  const sorted = [...(asked.labels ?? [])].sort();
  assert.deepEqual(sorted, [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  assert.notDeepEqual([...(asked.labels ?? [])], sorted, 'files come by class, questions must not');
  await close();
});

test('a run on noise: every number is there, and k-NN finds nothing', async () => {
  const run = join(folder, 'run');
  await pretrain(tiny(noise, { 'augmentation.jitter.hue': 0 }), { out: run });
  const evaluation = JSON.parse(JSON.stringify(await evaluateRun(run, { images: 3, data: [other] })));
  const { mrr, actionR2, knn, rankMe, featureDeviation, standardErrors, protocol } = evaluation;
  assert.deepEqual([mrr.bank, mrr.images, mrr.actions], [256, 3, 16]);
  assert.deepEqual(Object.keys(mrr.byAction), ['brightness', 'contrast', 'saturation'], 'hue does not vary');
  for (const value of [
    mrr.value,
    mrr.l2,
    mrr.standardError,
    mrr.l2StandardError,
    ...Object.values(actionR2),
    ...Object.values(standardErrors.actionR2),
    knn.accuracy,
    knn.interval.low,
    knn.interval.high,
    rankMe,
    standardErrors.rankMe,
    featureDeviation,
    standardErrors.featureDeviation,
  ])
    assert.ok(Number.isFinite(value));
  assert.ok(knn.accuracy < 0.8, `labels of noise cannot be known, but k-NN has ${knn.accuracy}`);
  assert.deepEqual([knn.k, knn.asked, knn.bank], [20, 40, 240], 'a missing last class drops nothing');
  for (const name of [
    'images',
    'bank',
    'mrr',
    'byAction',
    'actionR2',
    'knn',
    'whitenedKnn',
    'rankMe',
    'featureDeviation',
  ])
    assert.ok(name in protocol, name);
  const text = describeEvaluation(evaluation);
  for (const word of ['MRR', 'action R²', 'k-NN', '  whitened', 'RankMe', 'verdict', 'protocol'])
    assert.match(text, new RegExp(word));
  assert.deepEqual(
    JSON.parse(JSON.stringify(await evaluateRun(run, { images: 3, data: [other] }))),
    evaluation,
    'same seed, same numbers',
  );
  const weak = await evaluateRun(run, { images: 3, data: [other], strength: 0.1 });
  assert.match(String(weak.protocol.mrr), /jitter of strength 0\.1,/);
  assert.notEqual(weak.mrr.value, mrr.value);
  assert.deepEqual(weak.knn, evaluation.knn, 'latents of images as they are do not depend on it');
});
