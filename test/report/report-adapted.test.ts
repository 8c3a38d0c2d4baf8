import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { AdaptedModel } from '../../src/adapt/model/adapted-model.js';
import { classifyFiles } from '../../src/adapt/model/classify-files.js';
import { confusionFigure } from '../../src/report/confusion-figure.js';
import { reportAdapted } from '../../src/report/report-adapted.js';
import { Worst } from '../../src/report/worst.js';
import { drawStreets } from '../adapt/tiny-streets.js';
import { paintWorld, pretrainTiny, quickly } from '../adapt/tiny-world.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-report-adapted-'));
after(() => rmSync(folder, { recursive: true }));
const [images, streets, run] = ['images', 'streets', 'run'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
before(async () => {
  await paintWorld(images, 12, 6);
  await drawStreets(streets, 8, 4);
  await pretrainTiny(images, run);
});

test('the page of names and masks: curves, what is confused, the worst mistakes as pictures', async () => {
  const tasks = [
    { name: 'sides', data: [images] },
    { name: 'seen', task: 'segmentation' as const, data: [streets] },
  ];
  await quickly(run, images, folder)('both', { tasks });
  const model = join(folder, 'both');
  const path = await reportAdapted(model, { threads: 1 });
  assert.equal(path, join(model, 'report.html'));
  const page = readFileSync(path, 'utf8');
  for (const word of ['sides', 'seen', 'Accuracy', 'mIoU', 'What was taken for what', 'The worst mistakes'])
    assert.ok(page.includes(word), word);
  assert.ok(!/src="(?!data:)|href=/.test(page), 'nothing is fetched');
  assert.equal(page.match(/over epochs/g)?.length, 4, 'two curves a task');

  // The most confident mistakes are those that asking each file alone gives, in this order.
  const files = ['bottom', 'left', 'right', 'top'].flatMap((truth) =>
    Array.from({ length: 6 }, (_, i) => ({ truth, path: join(images, 'validation', truth, `${i}.png`) })),
  );
  const { images: answers } = await classifyFiles(
    model,
    files.map((file) => file.path),
    { task: 'sides', threads: 1 },
  );
  const wrong = answers
    .flatMap(({ labels: [first] }, i) =>
      first!.label === files[i]!.truth ? [] : [{ ...first!, ...files[i]! }],
    )
    .sort((a, b) => b.probability - a.probability);
  assert.ok(wrong.length > 0);
  const told = [
    ...page.matchAll(/<figure class="mistake"><img[^>]*alt="([^"]*)".*?<b>(\w+)<\/b>.*?<b>(\w+)<\/b>/gs),
  ];
  assert.deepEqual(
    told.map(([, file, label, truth]) => [file, label, truth]),
    wrong.map(({ path: file, label, truth }) => [file, label, truth]),
  );

  // Of a mask: the image, the truth over it and the answer over it, in the mask's shape.
  const pictures = [...page.matchAll(/<div class="triple">.*?<\/div>/gs)].map(([figures]) =>
    [...figures.matchAll(/base64,([^"]+)/g)].map(([, png]) => Buffer.from(png!, 'base64')),
  );
  assert.ok(pictures.length > 0 && pictures.every((three) => three.length === 3));
  for (const png of pictures[0]!) {
    const { width, height } = await sharp(png).metadata();
    assert.deepEqual([width, height], [30, 20]);
  }
  const loaded = await AdaptedModel.load(model, { threads: 1 });
  assert.equal(loaded.result.history.length, page.match(/<circle/g)!.length / 2);
  loaded.dispose();
});

test('the worst few are kept, the worst first; what is right, or cannot be judged, is none', () => {
  const worst = new Worst<string>(3);
  for (const [badness, item] of [
    [0.2, 'b'],
    [0, 'right'],
    [0.9, 'e'],
    [Number.NaN, 'nothing counts'],
    [0.1, 'a'],
    [0.3, 'c'],
    [0.5, 'd'],
  ] as const)
    worst.add(badness, item);
  assert.deepEqual(worst.items, ['e', 'd', 'c']);
});

test('many classes have no matrix, but their worst pairs; names cannot break out of the page', () => {
  const names = Array.from({ length: 10_000 }, (_, i) => `<c${i}>`);
  const { text } = confusionFigure(
    { classes: names },
    [
      { truth: 5, told: 7, count: 3 },
      { truth: 5, told: 5, count: 9 },
    ],
    'images',
  );
  assert.ok(!text.includes('<svg') && text.length < 1000);
  assert.match(text, /<td>&lt;c5&gt;<\/td><td>&lt;c7&gt;<\/td><td>3<\/td><td>25\.0 %<\/td>/);
  assert.match(
    confusionFigure({ classes: ['a', 'b', 'void'], ignored: 2 }, [{ truth: 0, told: 1, count: 1 }], 'images')
      .text,
    /aria-label="Confusion of 2 classes".*a taken for b: 1/s,
  );
  assert.match(confusionFigure({ classes: ['a', 'b'] }, [], 'images').text, /No mistakes/);
});
