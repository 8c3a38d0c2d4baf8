import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { openImages } from '../../src/data/images.js';
import { drawScene, sceneLabel, syntheticClasses } from '../../src/data/scene.js';
import { UserError } from '../../src/errors.js';
import { tarOf } from './tar.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-images-'));
after(() => rmSync(folder, { recursive: true }));

async function paint(path: string, colour: string): Promise<void> {
  mkdirSync(join(path, '..'), { recursive: true });
  await sharp({ create: { width: 24, height: 16, channels: 3, background: colour } })
    .png()
    .toFile(path);
}

/** A JPEG with enough in it to be cut off. */
function photo(): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  return sharp({ create: { width: 64, height: 64, channels: 3, background: '#808080', noise } })
    .jpeg()
    .toBuffer();
}

before(async () => {
  await paint(join(folder, 'flat/a.png'), '#ff0000');
  await paint(join(folder, 'flat/b.png'), '#00ff00');
  await paint(join(folder, 'classed/train/cat/1.png'), '#ff0000');
  await paint(join(folder, 'classed/train/dog/2.png'), '#0000ff');
  await paint(join(folder, 'classed/val/dog/3.png'), '#0000ff');
  await paint(join(folder, 'bad/a.png'), '#ffffff');
  writeFileSync(join(folder, 'bad/b.png'), 'no image');
  writeFileSync(join(folder, 'bad/c.jpg'), (await photo()).subarray(0, 400));
  mkdirSync(join(folder, 'empty'));
  await paint(join(folder, 'held-out/val/1.png'), '#ff0000');
  await paint(join(folder, 'streets/images/1.png'), '#ff0000');
  await paint(join(folder, 'streets/annotations/1.png'), '#000000');
});

test('scenes depend on their index alone, and labels agree with the segmentation map', () => {
  const size = 32;
  for (let index = 0; index < 40; index++) {
    const [first, again] = [new Uint8Array(size * size * 3), new Uint8Array(size * size * 3)];
    const map = new Uint8Array(size * size);
    drawScene(index, size, first, 0, map);
    drawScene(index, size, again);
    assert.deepEqual(first, again);
    assert.ok(
      map.includes(1 + sceneLabel(index)),
      `scene ${index} shows its ${syntheticClasses[sceneLabel(index)]}`,
    );
  }
});

test('a flat folder has no labels; pixels come as planes in 0..1', async () => {
  const images = await openImages([join(folder, 'flat')], { size: 8 });
  assert.equal(images.length, 2);
  assert.equal(images.labels, undefined);
  const batch = await images.batch([1, 0]);
  assert.equal(batch.length, 2 * 3 * 64);
  assert.deepEqual([batch[0], batch[64], batch[128], batch[192], batch[256]], [0, 1, 0, 1, 0]);
  await images.close();
});

test('sub-folders are classes, in the split asked for', async () => {
  const root = join(folder, 'classed');
  const training = await openImages([root], { size: 8 });
  assert.equal(training.split, 'train');
  assert.deepEqual(training.classes, ['cat', 'dog']);
  assert.deepEqual([...(training.labels ?? [])], [0, 1]);
  const validation = await openImages([root], { size: 8, split: 'validation' });
  assert.equal(validation.length, 1);
  await assert.rejects(openImages([root], { size: 8, split: 'test' }), /no test split; there are train, val/);
  // "dog" is class 1 in every split, though this one has no cat.
  assert.deepEqual(validation.classes, ['cat', 'dog']);
  assert.deepEqual([...(validation.labels ?? [])], [1]);
  assert.equal((await openImages([root], { size: 8, split: 'all' })).length, 3);
  const part = training.subset(Int32Array.of(1));
  assert.deepEqual([...(part.labels ?? [])], [1]);
  assert.equal((await part.batch([0]))[128], 1);
  await training.close();
});

test('of a folder with validation images only, these are read', async () => {
  const images = await openImages([join(folder, 'held-out')], { size: 8 });
  assert.equal(images.split, 'validation');
  assert.equal(images.length, 1);
});

test('a dataset.json beside the folder that is given is told of', async () => {
  const images = join(folder, 'declared/images');
  await paint(join(images, '1.png'), '#ff0000');
  const notes = async (source: string): Promise<readonly string[]> => {
    const set = await openImages([source], { size: 8 });
    await set.close();
    return set.notes;
  };
  assert.deepEqual(await notes(images), []);
  const facts = join(images, '..', 'dataset.json');
  writeFileSync(facts, '{"splits": {"train": ["1"]}}');
  const said = `${facts} is not read, as it lies beside ${images}; give its folder to have it read`;
  assert.deepEqual(await notes(images), [said]);
  assert.deepEqual(await notes(join(images, '..')), []);
  writeFileSync(join(images, 'dataset.json'), '{}');
  assert.deepEqual(await notes(images), []);
});

test('images that are links are read', async () => {
  mkdirSync(join(folder, 'links'));
  symlinkSync(join(folder, 'flat/a.png'), join(folder, 'links/a.png'));
  symlinkSync(join(folder, 'flat'), join(folder, 'links/more'));
  symlinkSync(join(folder, 'gone'), join(folder, 'links/gone.txt'));
  assert.equal((await openImages([join(folder, 'links')], { size: 8 })).length, 3);
});

test('of a folder for segmentation, the images are read, not their annotations', async () => {
  assert.equal((await openImages([join(folder, 'streets')], { size: 8 })).length, 1);
});

test('an image has a name, and the same digest wherever it lies and whatever it is called', async () => {
  const place = (name: string): string => join(folder, 'digests', name);
  for (const each of ['one', 'other', 'tars']) mkdirSync(place(each), { recursive: true });
  const [first, second] = [await photo(), await photo()];
  for (const [name, bytes] of [
    ['one/a.jpg', first],
    ['one/b.jpg', second],
    ['one/c.jpg', first.subarray(0, 400)],
    ['other/1.png', await sharp(second).png({ compressionLevel: 9 }).toBuffer()],
    ['other/2.tif', await sharp(second).tiff({ compression: 'lzw' }).toBuffer()],
    ['other/3.jfif', first],
    ['tars/x.tar', tarOf({ 'y.jpg': second, 'x.jpg': first })],
  ] as const)
    writeFileSync(place(name), bytes);
  const one = await openImages([place('one')], { size: 64 });
  const other = await openImages([place('other'), place('tars'), 'synthetic:1'], { size: 64 });
  const [a, b] = await one.digests([0, 1]);
  assert.match(a!, /^[0-9a-f]{16}$/);
  assert.notEqual(a, b);
  assert.deepEqual((await other.digests([0, 1, 2, 3, 4])).toSorted(), [a, a, b, b, b].toSorted());
  assert.deepEqual(await one.subset(Int32Array.of(1)).digests([0]), [b]);
  await assert.rejects(one.digests([0, 2]), /c\.jpg: not a readable image/);
  await assert.rejects(one.digests([3]), RangeError);
  assert.equal(one.name(1), place('one/b.jpg'));
  assert.equal(one.subset(Int32Array.of(1)).name(0), place('one/b.jpg'));
  assert.match(other.name(3), /x\.tar, [xy]\.jpg$/);
  assert.equal(other.name(5), 'scene 0');
  assert.throws(() => one.name(3), RangeError);
  await Promise.all([one.close(), other.close()]);
});

test('an image in Parquet has the digest of the file that was put there', async () => {
  const image = join(folder, 'as-in-parquet/red.png');
  mkdirSync(join(image, '..'));
  await sharp({ create: { width: 6, height: 4, channels: 3, background: '#ff0000' } })
    .png()
    .toFile(image);
  const rows = await openImages([fileURLToPath(new URL('../fixtures/gzip.parquet', import.meta.url))], {
    size: 4,
  });
  const file = await openImages([join(image, '..')], { size: 4 });
  const [red, green, blue] = await rows.digests([0, 1, 2]);
  assert.deepEqual(await file.digests([0]), [red]);
  assert.equal(new Set([red, green, blue]).size, 3);
  assert.match(rows.name(2), /gzip\.parquet, row 2$/);
  await Promise.all([rows.close(), file.close()]);
});

test('a limit chooses among all images, always the same', async () => {
  const all = await openImages(['synthetic:200'], { size: 8 });
  const [one, other] = await Promise.all(
    [1, 2].map(() => openImages(['synthetic:200'], { size: 8, limit: 50 })),
  );
  assert.equal(one!.length, 50);
  assert.deepEqual(one!.labels, other!.labels);
  assert.notDeepEqual(one!.labels, all.labels!.slice(0, 50));
  // The labels still belong to the pictures.
  const pixels = await one!.batch([49]);
  const places = Array.from(all.labels!.keys()).filter((i) => all.labels![i] === one!.labels![49]);
  const drawn = new Uint8Array(8 * 8 * 3);
  const same = places.filter((place) => {
    drawScene(place, 8, drawn);
    return pixels.subarray(0, 64).every((value, i) => Math.round(value * 255) === drawn[3 * i]);
  });
  assert.equal(same.length, 1);
  await one!.close();
});

test('a batch out of order is answered, the rest follows, and a closed set says so', async () => {
  const images = await openImages(['synthetic:4000'], { size: 32 });
  images.prefetch(Int32Array.from({ length: 4000 }, (_, i) => i));
  await images.batch([3999]);
  const whole = await images.batch(Int32Array.from({ length: 4000 }, (_, i) => i));
  assert.ok(whole.subarray(-100).some((value) => value > 0));
  await images.close();
  assert.throws(() => images.prefetch([0]), /closed/);
});

test('images decode from any working folder, and an open set does not keep the process alive', () => {
  const module = new URL('../../src/data/images.ts', import.meta.url).href;
  const script = `
    import { openImages } from ${JSON.stringify(module)};
    const images = await openImages(['synthetic:3'], { size: 8 });
    console.log((await images.batch([0, 1, 2])).length);`;
  const loader = import.meta.resolve('tsx');
  const result = spawnSync(process.execPath, ['--import', loader, '--input-type=module', '--eval', script], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.equal(result.stdout.trim(), String(3 * 3 * 64), result.stderr);
  assert.equal(result.status, 0, 'the process ends though the images were not closed');
});

test('several sources are one after the other', async () => {
  const images = await openImages(['synthetic:5', join(folder, 'flat')], { size: 8 });
  assert.equal(images.length, 7);
  assert.deepEqual([...(images.labels ?? [])].slice(5), [-1, -1]);
  assert.equal(images.classes?.length, 10);
  assert.equal((await images.batch([5]))[0], 1);
  await images.close();
});

test('mistakes name the file', async () => {
  const fails = (source: string, message: RegExp): Promise<void> =>
    assert.rejects(
      openImages([source], { size: 8 }),
      (error: Error) => error instanceof UserError && message.test(error.message),
    );
  await fails(join(folder, 'nowhere'), /nowhere: no such file or folder/);
  await fails(join(folder, 'empty'), /empty: no images there/);
  await fails(join(folder, 'bad/b.png'), /neither a folder of images nor Parquet nor tar files/);
  await fails('synthetic:0', /synthetic:0: the count of scenes must be in 1/);
  await assert.rejects(
    openImages(['synthetic'], { size: 100_000 }),
    /8,192 images .* GiB of memory, too much/,
  );
  const images = await openImages([join(folder, 'bad')], { size: 8 });
  await images.batch([0]);
  for (const [index, name] of [
    [1, 'b.png'],
    [2, 'c.jpg'],
  ] as const)
    await assert.rejects(
      images.batch([0, index]),
      (error: Error) =>
        error instanceof UserError &&
        error.message.startsWith(`${join(folder, 'bad', name)}: not a readable image`),
    );
  await assert.rejects(images.batch([3]), RangeError);
  await images.close();
});

test('many images, decoded by several threads, each have their own pixels', async () => {
  const set = await openImages(['synthetic:4200'], { size: 8 });
  try {
    set.prefetch();
    for (const place of [0, 2099, 2100, 4199]) {
      const drawn = new Uint8Array(8 * 8 * 3);
      drawScene(place, 8, drawn);
      const planes = Float32Array.from(
        drawn,
        (_, i) => (drawn[(i % 64) * 3 + Math.floor(i / 64)] ?? 0) / 255,
      );
      assert.deepEqual(await set.batch([place]), planes, `image ${place}`);
    }
  } finally {
    await set.close();
  }
});
