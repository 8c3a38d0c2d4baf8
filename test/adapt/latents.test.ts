import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AdaptationResult } from '../../src/adapt/result.js';
import { bits, named, paint, paintWorld, pretrainTiny, quickly, weightsOf } from './tiny-world.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-latents-'));
after(() => rmSync(folder, { recursive: true }));
const images = join(folder, 'images');
const run = join(folder, 'run');
before(async () => {
  await paintWorld(images, 12, 4);
  await pretrainTiny(images, run);
});

const adapted = quickly(run, images, folder);

test('cached and uncached latents give the same training: to the bit, in both precisions', async () => {
  for (const [precision, ways, expected] of [
    ['float32', ['none', 'disk', 'disk'], ['every epoch', 'computed', 'disk']],
    ['float16', ['none', 'memory'], ['every epoch', 'computed']],
  ] as const) {
    const all: { from: string | undefined; weights: Map<string, Float32Array> }[] = [];
    for (const kept of ways) {
      const name = `${precision}-${all.length}`;
      const result = await adapted(name, {}, { 'cache.kept': kept, 'cache.precision': precision });
      all.push({ from: result.latents?.from, weights: weightsOf(join(folder, name)) });
    }
    assert.deepEqual(
      all.map(({ from }) => from),
      expected,
    );
    for (const { from, weights } of all.slice(1))
      for (const [name, data] of weights)
        assert.deepEqual(bits(data), bits(all[0]!.weights.get(name)!), `${precision}, ${from}: ${name}`);
  }
});

test('kept latents are never stale: other pixels are other latents, and a damaged file is computed anew', async () => {
  const kept = (): string[] => readdirSync(join(run, 'latents'));
  const before = kept().length;
  const other = join(folder, 'other');
  await paintWorld(other, 6, 3);
  const use = (name: string): Promise<AdaptationResult> =>
    adapted(name, { data: [other] }, { 'cache.kept': 'disk', epochs: 1 });
  assert.equal((await use('fresh')).latents?.from, 'computed');
  assert.equal(kept().length, before + 2, 'training and held-out images');
  assert.equal((await use('again')).latents?.from, 'disk');
  await paint(join(other, 'train', 'left', '0.png'), 'left', 9999);
  assert.equal((await use('repainted')).latents?.from, 'computed', 'same name, other pixels');
  for (const file of kept()) {
    const path = join(run, 'latents', file);
    const bytes = readFileSync(path);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path, bytes);
  }
  assert.equal((await use('damaged')).latents?.from, 'computed');
  assert.equal((await use('mended')).latents?.from, 'disk');
});

test('over the limit nothing is kept, and the training is the same', async () => {
  const large = await adapted('large', {}, { epochs: 1 });
  const small = await adapted('small', {}, { epochs: 1, 'cache.gigabytes': 1e-6 });
  assert.deepEqual([large.latents?.from, small.latents?.from], ['computed', 'every epoch']);
  assert.equal(named(small).accuracy, named(large).accuracy);
});
