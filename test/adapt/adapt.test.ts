import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AdaptedModel } from '../../src/adapt/model/adapted-model.js';
import { classifyFiles } from '../../src/adapt/model/classify-files.js';
import { describeAdapted, evaluateAdapted } from '../../src/adapt/model/evaluate-adapted.js';
import { readImages } from '../../src/data/image-files.js';
import { bits, named, paint, paintWorld, pretrainTiny, quickly, refuses, weightsOf } from './tiny-world.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-adapt-'));
after(() => rmSync(folder, { recursive: true }));
const cli = fileURLToPath(new URL('../../bin/iwm.js', import.meta.url));
const images = join(folder, 'images');
const run = join(folder, 'run');
before(async () => {
  await paintWorld(images, 40, 15);
  await pretrainTiny(images, run);
});

const adapted = quickly(run, images, folder);

test('tuning a pretrained predictor learns for real, and everything frozen stays bit for bit', async () => {
  const result = await adapted(
    'learns',
    { head: 'attentive' },
    { epochs: 20, limit: 160, 'optimiser.learningRate': 5e-3 },
  );
  const task = named(result);
  assert.ok(task.asked === 60 && task.trained === 160);
  assert.ok(task.accuracy > 0.6, `accuracy ${task.accuracy}, chance .25`);
  assert.ok(result.history.length > 3);
  const [before, now] = [weightsOf(run), weightsOf(join(folder, 'learns'))];
  let moved = 0;
  for (const [name, data] of now) {
    if (name.startsWith('encoder.'))
      assert.deepEqual(bits(data), bits(before.get(`target_${name}`)!), `${name} is frozen`);
    if (
      name.startsWith('predictor.') &&
      !Buffer.from(bits(data)).equals(Buffer.from(bits(before.get(name)!)))
    )
      moved++;
  }
  assert.ok(moved > 20, 'the predictor is not');
});

test('a predictor that sees half of the latents in training learns too, for less, and is used on all of them', async () => {
  const set = { epochs: 60, limit: 160, 'optimiser.learningRate': 5e-3 };
  const result = await adapted('half', { head: 'attentive' }, { ...set, 'predictor.visible': 0.5 });
  const { accuracy } = named(result);
  assert.ok(accuracy > 0.6, `accuracy ${accuracy}, chance .25`);
  assert.match(String(result.protocol.predictor), /sees 0\.5 of the latents/);
  const whole = await adapted('whole', { head: 'attentive' }, { ...set, epochs: 1 });
  assert.ok(result.multiplyAddsPerImage < 0.8 * whole.multiplyAddsPerImage);
  assert.equal(result.inferenceMultiplyAddsPerImage, whole.inferenceMultiplyAddsPerImage);
  const evaluation = await evaluateAdapted(join(folder, 'half'), { threads: 1 });
  assert.ok(Math.abs(named(evaluation).accuracy - accuracy) <= 0.02);
});

test('what is tuned changes, what is not does not, for every choice', async () => {
  const start = weightsOf(run);
  for (const [tune, predictor, trained] of [
    ['head', undefined, []],
    ['head', 'pretrained', []],
    ['encoder', undefined, ['encoder']],
    ['all', undefined, ['encoder', 'predictor']],
  ] as const) {
    const name: string = `${tune}-${predictor}`;
    const result = await adapted(
      name,
      { tune, head: 'linear', ...(predictor ? { predictor } : {}) },
      { epochs: 1 },
    );
    const now = weightsOf(join(folder, name));
    let count = 0;
    for (const [key, data] of now) {
      const part = key.split('.')[0] as string;
      const first = start.get(part === 'encoder' ? `target_${key}` : key);
      const isTrained = part === 'heads' || (trained as readonly string[]).includes(part);
      if (isTrained) count += data.length;
      else assert.deepEqual(bits(data), bits(first!), `${name}: ${key}`);
    }
    assert.equal(result.trainableParameters, count, name);
    for (const part of trained) {
      const key = `${part}.${part === 'encoder' ? '' : 'predictor_'}blocks.0.attn.qkv.weight`;
      const first = start.get(part === 'encoder' ? `target_${key}` : key)!;
      assert.notDeepEqual(now.get(key), first, `${name}: ${part} is trained`);
    }
    assert.equal(
      [...now.keys()].some((key) => key.startsWith('predictor.')),
      name !== 'head-undefined' && tune !== 'encoder',
    );
  }
});

test('an adapted model says of its held-out images what its adaptation measured', async () => {
  const result = await adapted('use', { head: 'linear', tune: 'head' });
  const evaluation = await evaluateAdapted(join(folder, 'use'), { threads: 1 });
  const { accuracy, top5, asked } = named(evaluation);
  // From half-precision latents here, from pixels there: an image may fall on the other side.
  assert.ok(Math.abs(accuracy - named(result).accuracy) <= 0.02);
  assert.deepEqual([top5, asked], [undefined, 60]);
  const { pairs, classes } = evaluation.tasks[0]!.confusion;
  assert.deepEqual(classes, ['bottom', 'left', 'right', 'top']);
  const right = pairs.filter(({ truth, told }) => truth === told);
  assert.equal(right.reduce((sum, { count }) => sum + count, 0) / 60, accuracy);
  for (const word of ['confusion', 'bottom', 'multiply-adds', 'protocol'])
    assert.match(describeAdapted(evaluation), new RegExp(word));
  for (const key of [
    'model',
    'tasks',
    'tune',
    'predictor',
    'trainableParameters',
    'multiplyAddsPerImage',
    'epochs',
    'secondsPerEpoch',
    'seconds',
    'peakMemoryBytes',
  ])
    assert.ok(key in evaluation && key in result, key);

  const path = join(images, 'validation', 'top', '3.png');
  const {
    images: [file],
  } = await classifyFiles(join(folder, 'use'), [path], { most: 4, threads: 1 });
  const total = file!.labels.reduce((sum, { probability }) => sum + probability, 0);
  assert.ok(Math.abs(total - 1) < 1e-5);
  const model = await AdaptedModel.load(join(folder, 'use'), { threads: 1 });
  assert.equal(model.size, 16);
  // What classifying files sees is what the library reads.
  const { probabilities } = await model.classify(await readImages([path], model));
  assert.deepEqual(
    file!.labels.map(({ probability }) => probability),
    [...probabilities].sort((a, b) => b - a),
  );
  await assert.rejects(model.classify(new Float32Array(5)), /5 numbers are no \[n, 3, 16, 16\]/);
  model.dispose();
});

test('a file that cannot be read costs only its own answer; a folder is all of its images', async () => {
  const mixed = join(folder, 'mixed');
  await paint(join(mixed, 'left, "right".png'), 'left', 1);
  await paint(join(mixed, 'more', 'top.png'), 'top', 2);
  writeFileSync(join(mixed, 'cut.png'), readFileSync(join(mixed, 'more', 'top.png')).subarray(0, 60));
  writeFileSync(join(mixed, 'map.bmp'), 'BM');
  writeFileSync(join(mixed, 'notes.txt'), 'no image');
  await adapted('mixed-model', { tune: 'head' }, { epochs: 1 });
  const model = join(folder, 'mixed-model');
  const good = ['left, "right".png', 'more/top.png'].map((name) => join(mixed, name));
  const { images: answered, failed } = await classifyFiles(model, [mixed, good[0]!], { threads: 1 });
  assert.deepEqual(
    answered.map(({ image }) => image),
    [...good, good[0]],
  );
  assert.deepEqual(
    failed.map(({ image }) => image),
    [join(mixed, 'cut.png'), join(mixed, 'map.bmp')],
  );
  assert.match(failed[1]!.error, /map\.bmp: not a readable image \(neither JPEG/);
  await refuses(
    classifyFiles(
      model,
      failed.map(({ image }) => image),
    ),
    1,
    /cut\.png: .*; nor can the other 1$/,
  );
  await refuses(classifyFiles(model, [join(folder, 'nothing')]), 1, /nothing: cannot be read \(ENOENT\)/);
  mkdirSync(join(folder, 'nothing'));
  await refuses(classifyFiles(model, [join(folder, 'nothing')]), 1, /nothing: no images there/);

  const ask = (...options: string[]) =>
    spawnSync(process.execPath, [cli, 'classify', model, mixed, '--most', '2', ...options], {
      encoding: 'utf8',
    });
  const csv = ask('--csv');
  assert.equal(csv.status, 1);
  assert.match(
    csv.stderr,
    /cut\.png: not a .*\n.*map\.bmp: not a .*\niwm: no answer for 2 images, see above\n$/,
  );
  const [head, ...rows] = csv.stdout.trimEnd().split('\n');
  assert.equal(head, 'image,task,rank,class,probability');
  assert.equal(rows.length, 4);
  const [label] = answered[0]!.labels;
  assert.equal(
    rows[0],
    `"${join(mixed, 'left, ""right"".png')}",classification,1,${label!.label},${label!.probability.toFixed(6)}`,
  );
  const json = JSON.parse(ask('--json').stdout);
  assert.deepEqual([json.images.length, json.failed], [2, failed]);
  assert.match(ask('--csv', '--json').stderr, /'--csv' cannot be used with option '--json'/);
});

test('mistakes are told in one line', async () => {
  const model = join(folder, 'mistakes');
  await adapted('mistakes', { tune: 'head' }, { epochs: 1 });
  await refuses(adapted('mistakes', { tune: 'head' }), 1, /exists already; choose another --out/);
  await refuses(adapted('x', { predictor: 'none' }), 2, /--tune predictor tunes a predictor/);
  await refuses(adapted('x', { tune: 'encoder', predictor: 'random' }), 2, /--tune encoder has no predictor/);
  await refuses(adapted('x', {}, { epochz: 3 }), 2, /unknown key epochz/);
  await refuses(adapted('x', {}, { epochs: 0 }), 2, /configuration key epochs/);
  await refuses(adapted('x', {}, { 'predictor.contextBlocks': 2 }), 2, /below the predictor's depth, 2/);
  await refuses(adapted('x', {}, { 'predictor.stride': 3 }), 2, /does not divide the 4 patches/);
  await refuses(adapted('x', {}, { 'predictor.visible': 0 }), 2, /configuration key predictor\.visible/);
  await refuses(
    adapted('x', { tune: 'head' }, { 'predictor.visible': 0.5 }),
    2,
    /predictor\.visible is a predictor's, and there is none/,
  );
  await refuses(adapted('x', {}, { fraction: 0.5 }), 2, /not both/);
  await refuses(adapted('x', { run: images }), 1, /is no run folder/);
  await refuses(
    adapted('x', { data: [join(images, 'train', 'left')] }),
    1,
    /no labels, split all; classification needs/,
  );
  await refuses(evaluateAdapted(run), 1, /is no adapted model/);
  const strange = join(folder, 'strange');
  for (const [name, i] of [
    ['left', 0],
    ['middle', 1],
  ] as const)
    await paint(join(strange, name, `${i}.png`), 'left', i);
  await refuses(
    evaluateAdapted(model, { data: [strange] }),
    1,
    /its class "middle" is none of those learned: bottom, left/,
  );
  const text = join(folder, 'text.png');
  writeFileSync(text, 'no image');
  await refuses(classifyFiles(model, [text]), 1, /text\.png: not a readable image/);
  await refuses(
    classifyFiles(model, [join(folder, 'nowhere.png')]),
    1,
    /nowhere\.png: cannot be read \(ENOENT\)/,
  );
});

test('a model adapted from what another version trained is refused with its file, the key, and what to do', async () => {
  await adapted('older', { tune: 'head' }, { epochs: 1 });
  const file = join(folder, 'older', 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  delete config.pretraining.steps;
  writeFileSync(file, JSON.stringify(config));
  await refuses(
    AdaptedModel.load(join(folder, 'older')),
    2,
    /older\/config\.json: configuration key steps is missing; what another version trained is trained anew$/,
  );
});
