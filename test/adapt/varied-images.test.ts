import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { variedImages } from '../../src/adapt/inputs/varied-images.js';
import type { ImageSet } from '../../src/data/image-set.js';
import { openImages } from '../../src/data/images.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { Compiled } from '../../src/engine/index.js';
import { bits, paintWorld, pretrainTiny, quickly, refuses, weightsOf } from './tiny-world.js';

const SIDE = 16;
const folder = mkdtempSync(join(tmpdir(), 'iwm-varied-'));
const painted = join(folder, 'images');
const run = join(folder, 'run');
const engine = createEngine({ threads: 1 });
const compiled = new Compiled(engine);
let images: ImageSet;
before(async () => {
  await paintWorld(painted, 4, 4);
  await pretrainTiny(painted, run);
  images = await openImages([painted], { size: SIDE });
});
after(async () => {
  await images.close();
  engine.dispose();
  rmSync(folder, { recursive: true });
});

type Crop = Parameters<typeof variedImages>[1]['crop'];
const vary = (variants: number, crop: Partial<Crop> = {}) =>
  variedImages(
    images,
    { variants, crop: { scale: [0.5, 1], ratio: [3 / 4, 4 / 3], flip: 0.5, ...crop } },
    compiled,
  );

const near = (a: Float32Array, b: ArrayLike<number>): void => {
  assert.equal(a.length, b.length);
  a.forEach((value, i) => {
    assert.ok(Math.abs(value - b[i]!) < 1e-6, `${i}: ${value}, not ${b[i]}`);
  });
};

test('the whole image, not flipped, is the image; flipped, its mirror image', async () => {
  const whole: Partial<Crop> = { scale: [1, 1], ratio: [1, 1] };
  const [image] = [await images.batch([5])];
  near(await vary(2, { ...whole, flip: 0 }).batch([5 + images.length]), image!);
  const mirrored = image!.map((_, at) => {
    const column = at % SIDE;
    return image![at - column + (SIDE - 1 - column)]!;
  });
  near(await vary(2, { ...whole, flip: 1 }).batch([5]), mirrored);
});

test('versions differ from each other, and each is always the same, in whatever company', async () => {
  const varied = vary(3);
  assert.equal(varied.length, 3 * images.length);
  const versions = [7, 7 + images.length, 7 + 2 * images.length];
  const together = await varied.batch(versions);
  const each = 3 * SIDE * SIDE;
  const distinct = new Set<string>();
  for (const [i, at] of versions.entries()) {
    const alone = await varied.batch([at]);
    assert.deepEqual(bits(alone), bits(together.slice(i * each, (i + 1) * each)));
    distinct.add(bits(alone).join());
  }
  assert.equal(distinct.size, 3);
});

test('a crop is a part of its image: no brighter, no darker', async () => {
  const varied = vary(8);
  for (let version = 0; version < 8; version++) {
    const [crop, image] = [await varied.batch([3 + version * images.length]), await images.batch([3])];
    assert.ok(Math.max(...crop) <= Math.max(...image) + 1e-6);
    assert.ok(Math.min(...crop) >= Math.min(...image) - 1e-6);
  }
});

test('versions are learned from: kept and recomputed latents train alike, an encoder takes them as pixels', async () => {
  const adapted = quickly(run, painted, folder);
  const augmented = { 'augmentation.variants': 3, limit: 16 };
  const plain = await adapted('plain', {}, { limit: 16 });
  const kept = await adapted('kept', {}, augmented);
  const anew = await adapted('anew', {}, { ...augmented, 'cache.kept': 'none' });
  assert.equal(kept.latents?.bytes, 3 * plain.latents!.bytes);
  assert.equal(kept.protocol.optimiser, plain.protocol.optimiser, 'an epoch is as long');
  assert.match(`${kept.protocol.augmentation}`, /^3 versions of each training image/);
  assert.equal(anew.latents?.from, 'every epoch');
  const [first, second, third] = ['kept', 'anew', 'plain'].map((name) => weightsOf(join(folder, name)));
  let moved = false;
  for (const [name, data] of first!) {
    assert.deepEqual(bits(data), bits(second!.get(name)!), name);
    moved ||= bits(data).join() !== bits(third!.get(name)!).join();
  }
  assert.ok(moved, 'other images, other weights');
  await adapted('encoder', { tune: 'encoder' }, augmented);
});

test('masks and angles would not fit versions: refused', () =>
  refuses(
    quickly(run, painted, folder)('turned', { task: 'rotation' }, { 'augmentation.variants': 2 }),
    2,
    /augmentation\.variants .* is for classification/,
  ));
