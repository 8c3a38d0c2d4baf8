import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawnImages } from '../../src/data/drawn-images.js';
import type { ImageSet } from '../../src/data/image-set.js';
import { openImages } from '../../src/data/images.js';
import { everyIndex, namesOf } from '../../src/data/known-images.js';
import { MemoryPixels } from '../../src/data/memory-pixels.js';
import { PixelImages } from '../../src/data/pixel-images.js';
import { UserError } from '../../src/errors.js';

/** All that an image set tells. */
async function told(set: ImageSet) {
  const { source, split, description, notes, length, size, classes, labels } = set;
  const every = everyIndex(set);
  return {
    ...{ source, split, description, notes, length, size, classes, labels },
    names: namesOf(set),
    digests: await set.digests(every),
    pixels: await set.batch(every),
    bad: await set.bad(every),
  };
}

test('synthetic images are the same without threads: pixels, digests, names, labels, of parts too', async () => {
  for (const split of ['train', 'validation'] as const) {
    const [threads, memory] = [
      await openImages(['synthetic:40'], { size: 12, split }),
      drawnImages('synthetic:40', { size: 12, split })!,
    ];
    assert.deepEqual(await told(memory), await told(threads));
    const part = Int32Array.of(7, 3, 7);
    assert.deepEqual(await told(memory.subset(part)), await told(threads.subset(part)));
    await threads.close();
  }
  assert.equal(drawnImages('photos', { size: 12 }), undefined);
  assert.throws(() => drawnImages('synthetic:0', { size: 12 }), UserError);
});

test('an image is decoded once, when it is asked for; one that cannot be is bad, and told by name', async () => {
  const decoded: number[] = [];
  const images = Array.from({ length: 3 }, (_, i) => ({
    name: `${i}.png`,
    decode: async () => {
      decoded.push(i);
      if (i === 1) throw new Error('not a readable image');
      return new Uint8Array(12).fill(i);
    },
  }));
  const facts = { source: 'x', split: 'all', description: '', notes: [], classes: undefined } as const;
  const set = new PixelImages(new MemoryPixels(2, images), facts, Int32Array.of(0, 1, 2), undefined);
  const [one, two] = await Promise.all([set.bad([2, 1]), set.bad([1, 2])]);
  assert.deepEqual([...one], [[1, { sample: '1.png', reason: 'not a readable image' }]]);
  assert.deepEqual([...two], [...one]);
  assert.deepEqual(decoded, [2, 1]);
  assert.deepEqual(new Set(await set.batch([2])), new Set([Math.fround(2 / 255)]));
  await assert.rejects(set.batch([2, 1]), { name: 'UserError', message: '1.png: not a readable image' });
  await assert.rejects(set.batch([3]), RangeError);
});
