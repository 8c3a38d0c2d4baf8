import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkMaskMeaning } from '../../src/adapt/tasks/mask-meaning.js';
import { segmentation } from '../../src/adapt/tasks/segmentation-task.js';
import { openMeasured, openTaskImages } from '../../src/adapt/tasks/task-images.js';
import { UserError } from '../../src/errors.js';
import { drawStreets } from './tiny-streets.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-masks-'));
after(() => rmSync(folder, { recursive: true }));
const [named, bare] = [join(folder, 'named'), join(folder, 'bare')];
/** What is known of images by a model that has seen none. */
const stranger = { kept: { split: 'all' as const, names: [], heldOut: [], trained: [] }, badSamples: 0 };
before(async () => {
  await drawStreets(named, 3, 2);
  await drawStreets(bare, 3, 2);
  rmSync(join(bare, 'dataset.json'));
});

test('masks without a dataset.json have the names that are given, and the line that would keep them is told', async () => {
  const said = { classes: ['up', 'down', 'car', 'edge'], ignored: 3 };
  const images = await openTaskImages(segmentation, [bare], { size: 8, seed: 0, badSamples: 0, ...said });
  const { classes, ignored } = images.training;
  assert.deepEqual({ classes, ignored }, said);
  const line = checkMaskMeaning([bare], images.training, said) ?? '';
  assert.match(line, /bare: to keep the names with the masks, write into a file dataset\.json beside them: /);
  assert.deepEqual(JSON.parse(line.slice(line.indexOf('{'))), said);
  await images.close();
});

test('without names, too, a line says what to write', async () => {
  const images = await openTaskImages(segmentation, [bare], { size: 8, seed: 0, badSamples: 0 });
  const line = checkMaskMeaning([bare], images.training, {}) ?? '';
  assert.match(
    line,
    /have no names; give --classes, or write .*\{"classes":\["0","1","2","3"\],"ignored":255\}$/,
  );
  await images.close();
});

test('what dataset.json says cannot be said otherwise', async () => {
  const images = await openTaskImages(segmentation, [named], { size: 8, seed: 0, badSamples: 0 });
  assert.equal(checkMaskMeaning([named], images.training, {}), undefined);
  for (const [said, pattern] of [
    [{ classes: ['a', 'b', 'c', 'd'] }, /named: its dataset\.json names its classes; leave --classes out/],
    [{ ignored: 2 }, /named: its dataset\.json says that class 3 is ignored; leave --ignored out/],
  ] as const)
    assert.throws(
      () => checkMaskMeaning([named], images.training, said),
      (error: Error) => {
        assert.ok(error instanceof UserError && error.exitCode === 2);
        assert.match(error.message, pattern);
        return true;
      },
    );
  await images.close();
});

test('masks without names are those of the model by number', async () => {
  const known = { classes: ['sky', 'road', 'car', 'frame'], ignored: 3 };
  const { set: asked } = await openMeasured(segmentation, [bare], 8, {
    ...stranger,
    classes: known,
    data: [named],
  });
  const head = { kind: 'dense', classes: 4, width: 4, side: 2, shift: 0, points: 30 } as const;
  const targets = (
    await asked.targets(
      head,
      () => {},
      () => {},
    )
  )(Int32Array.of(0, 1));
  assert.deepEqual([...new Set(targets)].sort(), [-1, 0, 1, 2].sort());
  await asked.close();
});
