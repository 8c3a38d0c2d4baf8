import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { classifyFiles, describeClassified } from '../../src/adapt/model/classify-files.js';
import { describeAdapted, evaluateAdapted } from '../../src/adapt/model/evaluate-adapted.js';
import type { TaskResult } from '../../src/adapt/result.js';
import { headline } from '../../src/adapt/scores/score.js';
import type { TaskChoice } from '../../src/adapt/settings.js';
import { bits, paint, paintWorld, pretrainTiny, quickly, refuses, weightsOf } from './tiny-world.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-multi-'));
after(() => rmSync(folder, { recursive: true }));
const [sides, upright, run] = [join(folder, 'sides'), join(folder, 'upright'), join(folder, 'run')];
const tasks: readonly TaskChoice[] = [{ data: [sides] }, { task: 'rotation', data: [upright] }];
before(async () => {
  await paintWorld(sides, 40, 15);
  // Without labels: all are light at the top, until they are turned.
  for (let i = 0; i < 180; i++) await paint(join(upright, `${i}.png`), 'top', 1000 + i);
  await pretrainTiny(sides, run);
});
const adapted = quickly(run, sides, folder);
const accuracyOf = (task: TaskResult): number => headline(task).accuracy!;
const learning = { epochs: 12, batch: 32, limit: 160, 'optimiser.learningRate': 5e-3 };

test('one predictor learns two tasks at once on a frozen encoder, and its model does both', async () => {
  const out = join(folder, 'both');
  const result = await adapted('both', { tasks }, learning);
  assert.deepEqual(
    result.tasks.map(({ name, task, trained, asked }) => [name, task, trained, asked]),
    [
      ['sides', 'classification', 160, 60],
      ['upright', 'rotation', 159, 18],
    ],
  );
  for (const task of result.tasks)
    assert.ok(accuracyOf(task) > 0.6, `${task.name}: accuracy ${accuracyOf(task)}, chance .25`);
  const history = (task: string) => result.history.filter((line) => line.task === task);
  for (const task of result.tasks) {
    const lines = history(task.name);
    assert.ok(lines.length >= 6 && lines[0]!.loss > lines.at(-1)!.loss, task.name);
    assert.equal(lines.at(-1)!.accuracy, accuracyOf(task));
  }
  assert.match(String(result.protocol.tasks), /sides 16, upright 16; the loss is the mean over tasks/);
  const [start, now] = [weightsOf(run), weightsOf(out)];
  assert.ok(now.has('heads.sides.token') && now.has('heads.upright.token'));
  for (const [name, data] of now)
    if (name.startsWith('encoder.')) assert.deepEqual(bits(data), bits(start.get(`target_${name}`)!), name);

  const evaluation = await evaluateAdapted(out, { threads: 1 });
  assert.deepEqual(
    evaluation.tasks.map(({ name, asked }) => [name, asked]),
    [
      ['sides', 60],
      ['upright', 18],
    ],
  );
  evaluation.tasks.forEach((task, i) => {
    const { asked, confusion } = task;
    // From half-precision latents there, from pixels here: an image may fall on the other side.
    assert.ok(Math.abs(accuracyOf(task) - accuracyOf(result.tasks[i]!)) <= 1 / asked + 1e-9);
    assert.equal(
      confusion.pairs.reduce((sum, { count }) => sum + count, 0),
      asked,
    );
  });
  for (const word of ['sides\nconfusion', 'upright\nconfusion', '270'])
    assert.match(describeAdapted(evaluation), new RegExp(word));
  const one = await evaluateAdapted(out, { task: 'upright', data: [upright], threads: 1 });
  assert.deepEqual(
    one.tasks.map((task) => [task.name, accuracyOf(task)]),
    [['upright', accuracyOf(evaluation.tasks[1]!)]],
  );

  const paths = [3, 4].map((i) => join(sides, 'validation', 'top', `${i}.png`));
  const { images: answers } = await classifyFiles(out, paths, { threads: 1 });
  assert.deepEqual(
    answers.map(({ image, task, labels }) => [paths.indexOf(image), task, labels.length]),
    [
      [0, 'sides', 4],
      [0, 'upright', 4],
      [1, 'sides', 4],
      [1, 'upright', 4],
    ],
  );
  assert.match(describeClassified(answers), /3\.png {2}sides {4}\w+ \d.*\n.*3\.png {2}upright {2}\d+ \d/);
  const { images: asked } = await classifyFiles(out, paths, { task: 'upright', threads: 1 });
  assert.deepEqual(
    asked,
    answers.filter(({ task }) => task === 'upright'),
  );
});

test("kept latents are a task's own: the same images turned are others", async () => {
  const same: readonly TaskChoice[] = [{ data: [sides] }, { task: 'rotation', data: [sides] }];
  const set = { epochs: 1, 'cache.kept': 'disk' };
  const from = async (name: string, chosen: readonly TaskChoice[], seed: number): Promise<unknown> =>
    (await adapted(name, { tasks: chosen }, { ...set, limit: 160, seed })).latents?.from;
  assert.equal(await from('first', same.slice(0, 1), 0), 'computed');
  assert.equal(await from('second', same, 0), 'computed', 'classification is there, rotation is not');
  assert.equal(await from('third', same, 1), 'disk', 'whatever the seed');
});

test('mistakes with several tasks are told in one line', async () => {
  const data = [sides];
  await refuses(adapted('x', { tasks: [{ data }, { data }] }), 2, /two tasks are named sides-classification/);
  await refuses(
    adapted('x', {
      tasks: [
        { name: 'a', data },
        { name: 'a', data },
      ],
    }),
    2,
    /two tasks are named a/,
  );
  await refuses(adapted('x', { tasks: [{ name: 'a.b', data }] }), 2, /tasks\.0\.name: a name is made of/);
  await refuses(adapted('x', { tasks }, { batch: 1 }), 2, /batch 1 is too small for 2 tasks/);
  await refuses(
    adapted('x', { tasks }, { 'weights.tides': 2 }),
    2,
    /weights\.tides: no task has this name, but sides, upright/,
  );
  const model = join(folder, 'mistakes');
  const set = { epochs: 1, 'weights.sides': 3 };
  const { protocol } = await adapted('mistakes', { tasks, tune: 'head', head: 'linear' }, set);
  assert.match(String(protocol.tasks), /the mean over tasks weighted sides 3, upright 1$/);
  const file = join(sides, 'validation', 'top', '3.png');
  await refuses(
    classifyFiles(model, [file], { task: 'tides' }),
    2,
    /does no task "tides", but sides, upright/,
  );
  await refuses(evaluateAdapted(model, { data: [sides] }), 2, /say with --task for which of sides, upright/);
  await paint(join(folder, 'strange', 'left', '0.png'), 'left', 0);
  await paint(join(folder, 'strange', 'middle', '0.png'), 'left', 1);
  await refuses(
    evaluateAdapted(model, { task: 'sides', data: [join(folder, 'strange')] }),
    1,
    /its class "middle" is none of those learned/,
  );
});
