import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { adapt } from '../../src/adapt/adapt.js';
import type { AdaptationResult } from '../../src/adapt/result.js';
import type { AdaptationChoices } from '../../src/adapt/settings.js';
import { readSafetensors } from '../../src/train/safetensors.js';
import { paint, paintWorld, pretrainTiny } from './tiny-world.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-latents-'));
after(() => rmSync(folder, { recursive: true }));
const images = join(folder, 'images');
const run = join(folder, 'run');
before(async () => {
  await paintWorld(images, 12, 4);
  await pretrainTiny(images, run);
});

const quick = { epochs: 2, batch: 16, limit: 40, 'cache.kept': 'memory' };
async function adapted(
  name: string,
  choices: Partial<AdaptationChoices>,
  set: Record<string, unknown> = {},
): Promise<AdaptationResult> {
  return adapt(
    { run, data: [images], tune: 'predictor', ...choices, set: { ...quick, ...set } },
    { out: join(folder, name), threads: 1 },
  );
}
const weightsOf = (path: string): Map<string, Float32Array> =>
  new Map(
    [...readSafetensors(join(path, 'model.safetensors')).tensors].map(([name, { data }]) => [name, data]),
  );
/** Bits, so that 0 and −0 differ and nothing is rounded. */
const bits = (data: Float32Array): Uint32Array => new Uint32Array(data.buffer, data.byteOffset, data.length);

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
  assert.equal(small.tasks[0]?.accuracy, large.tasks[0]?.accuracy);
});
