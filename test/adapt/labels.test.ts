import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { classification, withLabels } from '../../src/adapt/tasks/classification-task.js';
import { UnlabelledSplit } from '../../src/adapt/tasks/task.js';
import { openMeasured, openTaskImages } from '../../src/adapt/tasks/task-images.js';
import { areNumbers, numbersAmong, UNKNOWN } from '../../src/data/class-numbers.js';
import type { ImageSet } from '../../src/data/image-set.js';
import { openImages } from '../../src/data/images.js';
import { tarOf } from '../data/tar.js';
import { paint } from './tiny-world.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-labels-'));
after(() => rmSync(folder, { recursive: true }));
/** A folder of so many images of each class, or split and class. */
async function draw(name: string, counts: Readonly<Record<string, number>>): Promise<string> {
  let seed = 0;
  for (const [where, count] of Object.entries(counts))
    for (let i = 0; i < count; i++) await paint(join(folder, name, where, `${i}.png`), 'top', seed++);
  return join(folder, name);
}
let drawn = 0;
/** A tar file of an image for each letter, which is its class; `-` for none. */
async function pack(name: string, labels: string): Promise<string> {
  const path = join(folder, name);
  const members: [string, string | Uint8Array][] = [];
  for (const [i, label] of [...labels].entries()) {
    const image = join(folder, 'image.png');
    await paint(image, 'top', drawn++);
    members.push([`${i}.png`, readFileSync(image)]);
    if (label !== '-') members.push([`${i}.cls`, label]);
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, tarOf(Object.fromEntries(members)));
  return path;
}
const options = { size: 8, seed: 0, badSamples: 0 };
/** What is known of images by a model that has seen none. */
const stranger = { kept: { split: 'all' as const, names: [], heldOut: [], trained: [] }, badSamples: 0 };

/** Images with these labels, of which −1 is none. */
async function withThese(labels: readonly number[]): Promise<ImageSet> {
  const source = await draw(`flat-${labels.length}`, { '.': labels.length });
  const images = await openImages([source], { size: 8 });
  const set = (chosen: ImageSet, own: readonly number[]): ImageSet =>
    new Proxy(chosen, {
      get: (target, key) => {
        if (key === 'labels') return Int32Array.from(own);
        if (key === 'classes') return ['cat', 'dog'];
        if (key === 'subset')
          return (places: Int32Array) =>
            set(
              target.subset(places),
              Array.from(places, (place) => own[place]!),
            );
        const value = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  return set(images, labels);
}

test('images without a label are neither learned from nor asked, and counted', async () => {
  const images = await withThese([1, -1, 0, -1, 1]);
  const found = withLabels(images);
  assert.deepEqual([...found.labels], [1, 0, 1]);
  assert.match(found.description, /; 2 images of them without a label, left out$/);
  assert.deepEqual(await found.images.batch([1]), await images.batch([2]));
  assert.throws(() => withLabels({ ...images, labels: Int32Array.of(-1), length: 1 }), UnlabelledSplit);
  await images.close();
  const one = await withThese([1, 0, -1]);
  assert.match(withLabels(one).description, /; 1 image of them without a label/);
  await one.close();
});

test('where the test split hides its labels a tenth of the others is held out, and a sentence says why', async () => {
  const data = [join(folder, 'hidden')];
  await pack('hidden/train.tar', 'aabababaabababaababa');
  await pack('hidden/test.tar', '-----');
  const images = await openTaskImages(classification, data, options);
  assert.deepEqual([images.training.images.length, images.heldOut.images.length], [18, 2]);
  assert.match(images.heldOut.description, /^2 of .*; held out of training, as there are no labels in test$/);
  await images.close();
});

test('one class is nothing to learn, but may be asked', async () => {
  const [one, two] = [await pack('one.tar', 'aaa'), await pack('two.tar', 'aaabbb')];
  await assert.rejects(
    openTaskImages(classification, [one], options),
    /there is only one class to learn, "a"; classification needs two or more/,
  );
  const known = { classes: ['b', 'a'] };
  const { set: asked } = await openMeasured(classification, [one], 8, {
    ...stranger,
    classes: known,
    data: [two],
  });
  assert.deepEqual([...asked.labels], [1, 1, 1]);
  await asked.close();
});

test('classes are matched by name, else by number where one side has no names', () => {
  assert.ok(areNumbers(['0', '1', '2']) && !areNumbers(['1', '2']) && !areNumbers(['0', 'x']));
  assert.deepEqual(
    numbersAmong(['cat', 'dog', 'eel'], ['eel', 'cat']),
    [2, 0],
    'the last one may be missing',
  );
  assert.deepEqual(numbersAmong(['cat', 'dog', 'eel'], ['0', '1']), [0, 1]);
  assert.deepEqual(numbersAmong(['0', '1', '2'], ['cat', 'dog']), [0, 1]);
  assert.deepEqual(numbersAmong(['cat', 'dog'], ['0', '1', '2']), [0, 1, UNKNOWN]);
  assert.deepEqual(numbersAmong(['cat', 'dog'], ['dog', 'elk']), [1, UNKNOWN]);
  // Not all numbers need be there; whether 1 is the first or the second is not to be guessed.
  assert.deepEqual(numbersAmong(['cat', 'dog', 'eel'], ['0', '2']), [0, 2]);
  assert.deepEqual(numbersAmong(['0', '2'], ['cat', 'dog', 'eel']), [0, UNKNOWN, 1]);
  assert.deepEqual(numbersAmong(['cat', 'dog', 'eel'], ['1', '2']), [UNKNOWN, UNKNOWN]);
  // Digits as folders, sorted as text: names, not numbers.
  assert.deepEqual(numbersAmong(['0', '1', '10', '2'], ['0', '1', '2']), [0, 1, 3]);
});

test('a class that is unknown is told of where an image has it', async () => {
  const data = [await draw('strange', { cat: 2, yak: 1 })];
  const asked = (classes: readonly string[]) =>
    openMeasured(classification, data, 8, { ...stranger, classes: { classes }, data: [] });
  await assert.rejects(asked(['dog', 'cat']), /its class "yak" is none of those learned: dog, cat/);
  const { set: all } = await asked(['dog', 'yak', 'cat']);
  // Files in the order of their names, whatever folder they are in.
  assert.deepEqual([...all.labels], [2, 1, 2]);
  assert.deepEqual(all.classes, ['dog', 'yak', 'cat']);
  await all.close();
});

test('a class that is asked and never learned is said: another spelling, a part without it', async () => {
  const data = await draw('spelt', { 'train/Cat': 2, 'train/dog': 2, 'test/cat': 1, 'test/dog': 1 });
  const notes: string[] = [];
  const { training, close } = await openTaskImages(classification, [data], options);
  await training.targets(undefined, undefined, (text) => notes.push(text));
  assert.deepEqual(notes, ['class "cat" (1) never occurs among the images to learn from']);
  const kept = classification.subset(training, Int32Array.of(0), 'one');
  await kept.targets(undefined, undefined, (text) => notes.push(text));
  assert.match(notes[1] ?? '', /^classes "cat" \(1\), "dog" \(2\) never occur among/);
  await close();
});
