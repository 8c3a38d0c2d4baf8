import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decode, encode } from 'fast-png';
import sharp from 'sharp';
import { AdaptedModel } from '../../src/adapt/model/adapted-model.js';
import { classifyFiles } from '../../src/adapt/model/classify-files.js';
import { describeAdapted, evaluateAdapted } from '../../src/adapt/model/evaluate-adapted.js';
import { describeSegmented, segmentFiles } from '../../src/adapt/model/segment-files.js';
import type { AdaptationResult, TaskResult } from '../../src/adapt/result.js';
import { segmentation } from '../../src/adapt/tasks/segmentation-task.js';
import { commands } from '../../src/cli/commands.js';
import { explainFailure } from '../../src/cli/failure.js';
import { createProgram } from '../../src/cli/program.js';
import { readImages, readWhole } from '../../src/data/image-files.js';
import { openImages } from '../../src/data/images.js';
import { classes, drawStreets, HEIGHT, IGNORED, WIDTH } from './tiny-streets.js';
import { bits, paintWorld, pretrainTiny, quickly, refuses, weightsOf } from './tiny-world.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-segmentation-'));
after(() => rmSync(folder, { recursive: true }));
const streets = join(folder, 'streets');
const run = join(folder, 'run');
const model = join(folder, 'model');
const adapted = quickly(run, streets, folder);
let result: AdaptationResult;
before(async () => {
  await drawStreets(streets, 48, 12);
  await pretrainTiny(streets, run);
  result = await adapted(
    'model',
    { task: 'segmentation' },
    { epochs: 40, limit: 48, 'optimiser.learningRate': 5e-3, 'measure.every': 20 },
  );
});

const segmented = ({ tasks }: AdaptationResult): Extract<TaskResult, { task: 'segmentation' }> => {
  const [task] = tasks;
  assert.ok(task?.task === 'segmentation');
  return task;
};
/** How `iwm ...args` ends. */
async function end(...args: string[]): Promise<unknown> {
  try {
    await createProgram(commands).parseAsync(args, { from: 'user' });
  } catch (error) {
    return explainFailure(error);
  }
  return { exitCode: 0 };
}
const trueMask = (i: number): Uint8Array =>
  decode(readFileSync(join(streets, 'annotations', 'val', `${i}.png`))).data as Uint8Array;

test('tuning the predictor learns for real where things are', () => {
  const { meanIou, pixelAccuracy, iou, asked, trained, head } = segmented(result);
  assert.deepEqual([asked, trained, head], [12, 48, 'dense']);
  assert.deepEqual(Object.keys(iou), ['sky', 'road', 'car']);
  // All of one class comes to a third of .5 at best.
  assert.ok(meanIou > 0.6, `mIoU ${meanIou}`);
  assert.ok(pixelAccuracy > 0.8, `pixel accuracy ${pixelAccuracy}`);
  assert.equal(result.history.at(-1)?.meanIou, meanIou);
  assert.ok(result.history.length >= 2 && result.history.every((line) => line.accuracy === undefined));
  assert.match(result.protocol.loss as string, /16 × 16 points/);
});

test('its measures are those of its own masks, counted anew', async () => {
  const evaluation = await evaluateAdapted(model, { threads: 1 });
  const loaded = await AdaptedModel.load(model, { threads: 1 });
  const images = await openImages([streets], { size: loaded.size, split: 'validation', fit: 'stretched' });
  const order = Int32Array.from({ length: 12 }, (_, i) => i);
  const { masks, dims } = await loaded.segment(await images.batch(order), { width: WIDTH, height: HEIGHT });
  assert.deepEqual(dims, [12, HEIGHT, WIDTH]);
  await images.close();
  loaded.dispose();
  // Files in the order of their names.
  const truth = [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((i) => [...trueMask(i)]);
  const pairs = truth.map((label, i) => [label, masks[i]!] as const).filter(([label]) => label !== IGNORED);
  assert.equal(pairs.length, 12 * (WIDTH - 2) * (HEIGHT - 2));
  const iou = [0, 1, 2].map(
    (c) =>
      pairs.filter(([label, told]) => label === c && told === c).length /
      pairs.filter(([label, told]) => label === c || told === c).length,
  );
  const found = segmented(evaluation);
  [0, 1, 2].forEach((c) => {
    assert.ok(Math.abs(found.iou[classes[c]!]! - iou[c]!) < 1e-12, classes[c]);
  });
  assert.ok(Math.abs(found.meanIou - (iou[0]! + iou[1]! + iou[2]!) / 3) < 1e-12);
  assert.ok(!masks.includes(IGNORED), 'the ignored class is never told');
  // From half-precision latents there, from pixels here: a pixel may fall on the other side.
  assert.ok(Math.abs(found.meanIou - segmented(result).meanIou) < 0.02);
  const cars = evaluation.tasks[0]!.confusion.pairs.find(({ truth, told }) => truth === 2 && told === 2);
  assert.equal(cars?.count, pairs.filter(([label, told]) => label === 2 && told === 2).length);
  for (const word of ['mIoU', 'pixel accuracy', 'road', 'confusion'])
    assert.match(describeAdapted(evaluation), new RegExp(word));
});

test('an image file is read as a model for segmentation sees it, and one that is damaged costs only its own mask', async () => {
  const image = join(streets, 'images', 'val', '3.png');
  const loaded = await AdaptedModel.load(model, { threads: 1 });
  const { pixels, whole } = await readWhole(image, loaded.size);
  assert.deepEqual(await readImages([image], loaded), pixels);
  const { masks } = await loaded.segment(await readImages([image], loaded), whole);
  loaded.dispose();
  const mixed = join(folder, 'mixed');
  mkdirSync(mixed);
  copyFileSync(image, join(mixed, 'whole.png'));
  writeFileSync(join(mixed, 'cut.png'), readFileSync(image).subarray(0, 60));
  const { images, failed } = await segmentFiles(model, [mixed], { out: join(folder, 'masks'), threads: 1 });
  assert.deepEqual(
    [...images, ...failed].map((file) => file.image),
    ['whole.png', 'cut.png'].map((name) => join(mixed, name)),
  );
  assert.deepEqual(Buffer.from(decode(readFileSync(images[0]!.mask)).data), Buffer.from(masks));
  assert.match(failed[0]!.error, /cut\.png: not a readable image/);
});

test('segmenting files: a mask and an overlay of their own size, a legend', async () => {
  const out = join(folder, 'out');
  const path = join(streets, 'images', 'val', '3.png');
  const large = join(folder, 'large.jpg');
  await sharp(path).resize(90, 40, { fit: 'fill' }).jpeg().toFile(large);
  const files = await segmentFiles(model, [path, large], { out, threads: 1 });
  assert.deepEqual(
    files.images.map(({ width, height }) => [width, height]),
    [
      [WIDTH, HEIGHT],
      [90, 40],
    ],
  );
  for (const { mask, overlay, width, height, shares } of files.images) {
    const png = decode(readFileSync(mask));
    assert.deepEqual([png.width, png.height, png.channels, png.palette?.length], [width, height, 1, 4]);
    const sizes = await sharp(overlay).metadata();
    assert.deepEqual([sizes.width, sizes.height, sizes.channels], [width, height, 3]);
    assert.ok(Math.abs(shares.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
    const [most] = shares;
    const place = classes.indexOf(most!.label);
    assert.equal(most!.share, png.data.filter((label) => label === place).length / (width * height));
  }
  const own = decode(readFileSync(files.images[0]!.mask)).data;
  const agree = trueMask(3).filter((label, i) => label === own[i]).length;
  assert.ok(agree > 0.75 * (WIDTH - 2) * (HEIGHT - 2), `${agree} pixels as annotated`);
  assert.deepEqual(
    files.legend.map(({ class: number, label }) => [number, label]),
    [
      [0, 'sky'],
      [1, 'road'],
      [2, 'car'],
    ],
  );
  // Half image, half the colour that the legend gives the pixel's class.
  const raw = (file: string): Promise<Buffer> => sharp(file).removeAlpha().raw().toBuffer();
  const [seen, drawn] = [await raw(files.images[0]!.overlay), await raw(path)];
  for (let pixel = 0; pixel < own.length; pixel += 13) {
    const { colour } = files.legend.find(({ class: number }) => number === own[pixel])!;
    for (let c = 0; c < 3; c++) {
      const channel = Number.parseInt(colour.slice(1 + 2 * c, 3 + 2 * c), 16);
      assert.ok(Math.abs(seen[3 * pixel + c]! - (drawn[3 * pixel + c]! + channel) / 2) <= 0.5);
    }
  }
  const legend = readFileSync(files.legendFile, 'utf8');
  for (const { label, colour } of files.legend) assert.ok(legend.includes(label) && legend.includes(colour));
  assert.match(describeSegmented(files), /large\.jpg +\w+ [\d.]+ %/);
});

test('cached and uncached latents give the same training, a coarser grid of predictions another', async () => {
  const names = ['none', 'disk', 'disk'] as const;
  const all = [];
  for (const [i, kept] of names.entries()) {
    const name = `${kept}-${i}`;
    const { latents } = await adapted(
      name,
      { task: 'segmentation' },
      { 'cache.kept': kept, 'cache.precision': 'float32' },
    );
    all.push({ from: latents?.from, weights: weightsOf(join(folder, name)) });
  }
  assert.deepEqual(
    all.map(({ from }) => from),
    ['every epoch', 'computed', 'disk'],
  );
  for (const { weights } of all.slice(1))
    for (const [name, data] of weights) assert.deepEqual(bits(data), bits(all[0]!.weights.get(name)!), name);
  const coarse = await adapted('coarse', { task: 'segmentation' }, { 'predictor.stride': 2 });
  assert.ok(coarse.multiplyAddsPerImage < result.multiplyAddsPerImage);
  assert.ok(segmented(coarse).meanIou > 0);
});

test('images and what is learned of them stay together: of two sources, and of some of their images', async () => {
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  await drawStreets(one, 3, 1);
  await drawStreets(two, 12, 1);
  // An image without a mask is left out, and the others stay in step.
  rmSync(join(two, 'annotations', 'train', '4.png'));
  const all = await segmentation.open([one, two], { size: 40 });
  assert.deepEqual([all.images.length, all.classes, all.ignored], [14, classes, IGNORED]);
  const some = segmentation.subset(all, Int32Array.of(1, 2, 3, 5, 12, 13), 'some');
  // Which class has which number is the model's to say.
  const known = segmentation.renumber(some, { classes: ['car', 'sky', 'road'], ignored: 255 });
  const head = { kind: 'dense', classes: 3, width: 4, side: 4, shift: 0, points: 16 } as const;
  const targets = await known.targets(head, () => {}, assert.fail);
  const order = Int32Array.of(4, 0, 5, 3, 2, 1);
  const pixels = await known.images.batch(order);
  let [right, counted] = [0, 0];
  targets(order).forEach((label, i) => {
    if (label < 0) return;
    const [image, point] = [Math.floor(i / 256), i % 256];
    const [x, y] = [point % 16, Math.floor(point / 16)].map((place) => Math.floor((place + 0.5) * 2.5));
    const [red, , blue] = [0, 1, 2].map((c) => pixels[(image * 3 + c) * 1600 + y! * 40 + x!]!);
    const seen = red! > blue! + 0.2 ? 0 : blue! > red! + 0.2 ? 1 : 2;
    counted++;
    if (seen === label) right++;
  });
  assert.ok(
    counted > 1000 && counted < 6 * 256,
    `${counted} points have a class, those at the frame have none`,
  );
  assert.ok(right / counted > 0.9, `${right} of ${counted} points have the colour of their class`);
  await all.close();
});

test('classes of images and of pixels at once: each is asked in its own way', async () => {
  const flat = join(folder, 'sides');
  await paintWorld(flat, 12, 5);
  const tasks = [
    { data: [flat] },
    { name: 'seen', task: 'segmentation', data: [streets] },
    { name: 'again', task: 'segmentation', data: [streets] },
  ] as const;
  const both = join(folder, 'both');
  const { tasks: told, history } = await adapted('both', { tasks: tasks.slice(0, 2) }, { epochs: 1 });
  assert.deepEqual(
    told.map(({ name, task, head, trained }) => [name, task, head, trained]),
    [
      ['sides', 'classification', 'attentive', 40],
      ['seen', 'segmentation', 'dense', 40],
    ],
  );
  assert.ok(history[0]!.accuracy !== undefined && history[1]!.meanIou !== undefined);
  const evaluation = await evaluateAdapted(both, { threads: 1 });
  for (const word of ['sides\nconfusion', 'mIoU', 'car'])
    assert.match(describeAdapted(evaluation), new RegExp(word));
  const image = join(streets, 'images', 'val', '0.png');
  const loaded = await AdaptedModel.load(both, { threads: 1 });
  assert.throws(() => loaded.fit, /takes the middle of an image for some tasks and all of it for others/);
  loaded.dispose();
  const { images: classified } = await classifyFiles(both, [image], { threads: 1 });
  assert.deepEqual(
    classified.map(({ task }) => task),
    ['sides'],
  );
  const { images } = await segmentFiles(both, [image], { out: join(folder, 'both-masks'), threads: 1 });
  assert.equal(images[0]?.width, WIDTH);
  await assert.rejects(
    classifyFiles(both, [image], { task: 'seen' }),
    /does segmentation, not classification/,
  );
  await adapted('thrice', { tasks, tune: 'head' }, { epochs: 1 });
  await assert.rejects(
    segmentFiles(join(folder, 'thrice'), [image], { out: folder }),
    /does several such tasks: say which of seen, again/,
  );
});

/** A folder of images with masks of these values, a row each, and what dataset.json says. */
async function drawValues(
  name: string,
  masks: readonly (readonly number[])[],
  facts?: Readonly<Record<string, unknown>>,
): Promise<string> {
  const root = join(folder, name);
  for (const part of ['images', 'masks']) mkdirSync(join(root, part), { recursive: true });
  for (const [i, values] of masks.entries()) {
    const size = { width: values.length, height: 1 };
    await sharp({ create: { ...size, channels: 3, background: '#777' } }).toFile(
      join(root, 'images', `${i}.png`),
    );
    const data = Uint8Array.from(values);
    writeFileSync(join(root, 'masks', `${i}.png`), encode({ ...size, data, channels: 1, depth: 8 }));
  }
  if (facts) writeFileSync(join(root, 'dataset.json'), JSON.stringify(facts));
  return root;
}

test('masks of one class alone are refused; a class that never occurs is said', async () => {
  const lesions = { classes: ['background', 'lesion'] };
  const two = Array.from({ length: 20 }, () => [0, 0, 0, 255]);
  const adaptTo = (data: string) =>
    adapted('one-class', { task: 'segmentation', data: [data] }, { epochs: 1 });
  await refuses(
    adaptTo(await drawValues('named', two, lesions)),
    1,
    /named: the masks hold only one class, "background"; class "lesion" \(1\) never occurs; 25\.0 % of their pixels are 255, which is ignored; .*such as 1$/,
  );
  await refuses(
    adaptTo(await drawValues('unnamed', two)),
    1,
    /unnamed: the masks hold only one class, "0"; 25\.0 % of their pixels are 255, which is ignored/,
  );
  await refuses(
    adaptTo(await drawValues('nothing', [[255], [255]], lesions)),
    1,
    /the masks hold no class; /,
  );
  await refuses(
    adaptTo(await drawValues('background', [[0, 0], [0]], lesions)),
    1,
    /"background"; class "lesion" \(1\) never occurs; segmentation needs two or more$/,
  );
  assert.equal(existsSync(join(folder, 'one-class')), false, 'nothing is left behind');
  const three = await drawValues('three', [[0, 0, 1, 255], [1]], { classes: ['sky', 'sea', 'isle'] });
  const set = await segmentation.open([three], { size: 8 });
  const head = { kind: 'dense', classes: 3, width: 4, side: 4, shift: 0, points: 4 } as const;
  const notes: string[] = [];
  await segmentation.checkLearnable(set);
  await set.targets(
    head,
    () => {},
    (text) => notes.push(text),
  );
  assert.deepEqual(notes, [
    'class "isle" (2) never occurs in the masks to learn from, while 20.0 % of their pixels are ignored',
  ]);
  await set.close();
});

test('mistakes are told in one line', async () => {
  const masks = { task: 'segmentation' } as const;
  const flat = join(folder, 'flat');
  await paintWorld(flat, 2, 1);
  await refuses(adapted('x', { ...masks, data: [flat] }), 1, /flat: has no masks; give a folder/);
  await refuses(adapted('x', {}), 1, /no labels, split train; classification needs/);
  await refuses(adapted('x', { ...masks, head: 'linear' }), 2, /--head linear is not for segmentation/);
  await refuses(adapted('x', { head: 'dense' }), 2, /--head dense is not for classification/);
  await refuses(adapted('x', {}, { ignored: 3 }), 2, /--ignored is of masks/);
  await refuses(adapted('x', masks, { ignored: 2 }), 2, /says that class 3 is ignored; leave --ignored/);

  const few = async (name: string): Promise<string> => {
    // Streets that no model has learned from.
    await drawStreets(join(folder, name), 2, 2, 500);
    return join(folder, name);
  };
  const one = encode({ width: 1, height: 1, data: Uint8Array.of(0), channels: 1, depth: 8 });
  const wrong = await few('wrong-size');
  writeFileSync(join(wrong, 'annotations', 'train', '1.png'), one);
  await refuses(
    adapted('x-size', { ...masks, data: [wrong] }, {}),
    1,
    /train\/1\.png: a mask of 1 × 1 pixels for an image of 30 × 20/,
  );
  assert.equal(existsSync(join(folder, 'x-size')), false, 'what failed leaves no folder in the way');
  const beyond = await few('beyond');
  writeFileSync(
    join(beyond, 'annotations', 'val', '1.png'),
    encode({
      width: WIDTH,
      height: HEIGHT,
      data: new Uint8Array(WIDTH * HEIGHT).fill(9),
      channels: 1,
      depth: 8,
    }),
  );
  await refuses(
    evaluateAdapted(model, { data: [beyond], threads: 1 }),
    1,
    /val\/1\.png: class 9 at column 0, row 0, but there are 4 classes; the ignored one is 3/,
  );
  const other = await few('other');
  writeFileSync(join(other, 'dataset.json'), JSON.stringify({ classes: ['sky', 'river', 'boat', 'frame'] }));
  await refuses(
    evaluateAdapted(model, { data: [other], threads: 1 }),
    1,
    /its class "(river|boat)" is none of those learned: sky, road, car, frame/,
  );

  const text = join(folder, 'text.png');
  writeFileSync(text, 'no image');
  const image = join(streets, 'images', 'val', '0.png');
  const out = join(folder, 'refused');
  await refuses(segmentFiles(model, [text], { out }), 1, /text\.png: not a readable image/);
  await refuses(segmentFiles(model, [image, image], { out }), 2, /both be written to 0\.mask\.png/);
  await refuses(segmentFiles(model, [image], { out: text }), 2, /text\.png is a file; choose another --out/);
  await refuses(
    classifyFiles(model, [image]),
    1,
    /does segmentation, not classification; ask it with iwm segment/,
  );
  const labels = join(folder, 'labels');
  await quickly(run, flat, folder)('labels', { tune: 'head', head: 'linear' }, { epochs: 1 });
  await refuses(
    segmentFiles(labels, [image], { out }),
    1,
    /does classification, not segmentation; ask it with iwm classify/,
  );
  assert.deepEqual(await end('segment', labels, image, '--out', out), {
    exitCode: 1,
    message: `${labels} does classification, not segmentation; ask it with iwm classify`,
  });
  assert.deepEqual(await end('segment', model, text, '--out', out), {
    exitCode: 1,
    message: `${text}: not a readable image (neither JPEG, PNG, WebP, AVIF, GIF nor TIFF)`,
  });
  assert.deepEqual(
    await end('adapt', run, '--data', streets, '--tune', 'head', '--out', out, '--ignored', '300'),
    {
      exitCode: 2,
      message: "option '--ignored <class>' argument '300' is invalid. Give an integer from 0 to 255.",
    },
  );
  assert.equal(existsSync(out), false, 'nothing is written');
});
