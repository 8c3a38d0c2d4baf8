import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { rotation } from '../../src/adapt/tasks/rotation-task.js';
import { openImages } from '../../src/data/images.js';
import { paint } from './tiny-world.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-rotation-'));
after(() => rmSync(folder, { recursive: true }));

test("images are turned counter-clockwise by their label's quarters, as an image library turns them", async () => {
  const paths = Array.from({ length: 40 }, (_, i) => join(folder, `${String(i).padStart(2, '0')}.png`));
  for (const [i, path] of paths.entries()) await paint(path, 'top', i);
  const all = await rotation.open([folder], { size: 16 });
  assert.deepEqual(all.classes, ['0', '90', '180', '270']);
  assert.deepEqual([all.images.length, new Set(all.labels).size], [40, 4]);
  const places = Int32Array.of(39, 7, 8, 20, 3, 1);
  const part = rotation.subset(all, places, 'some');
  const pixels = await part.images.batch(places.map((_, i) => i));
  assert.deepEqual(await all.images.batch(places), pixels);
  assert.deepEqual(
    (await part.targets())(Int32Array.of(0, 5)),
    Int32Array.of(all.labels[39]!, all.labels[1]!),
  );
  for (const [i, place] of places.entries()) {
    const angle = Number(all.classes[all.labels[place]!]);
    const bytes = await sharp(paths[place]).rotate(-angle).removeAlpha().raw().toBuffer();
    const found = pixels.subarray(i * 768, (i + 1) * 768);
    bytes.forEach((byte, at) => {
      const plane = (at % 3) * 256 + Math.floor(at / 3);
      assert.ok(Math.abs(found[plane]! - byte / 255) < 1e-6, `image ${place}, ${angle}°, byte ${at}`);
    });
  }
  // Turned or not, it is the same image.
  const upright = await openImages([folder], { size: 16 });
  assert.deepEqual(await part.images.digests([0, 1]), await upright.digests([39, 7]));
  assert.equal(part.images.name(1), paths[7]);
  await upright.close();
  await all.close();
});
