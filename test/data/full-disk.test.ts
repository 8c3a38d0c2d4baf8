import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { type DecodeTask, Decoding, type Found } from '../../src/data/decoding.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-full-disk-'));
after(() => rmSync(folder, { recursive: true }));

test('where the disk is full, decoded images go into memory', {
  skip: !existsSync('/dev/full'),
}, async () => {
  const paths = [40, 80, 120].map((_, i) => join(folder, `${i}.png`));
  for (const [i, path] of paths.entries())
    await sharp({ create: { width: 4, height: 4, channels: 3, background: { r: 40 * (i + 1), g: 1, b: 2 } } })
      .png()
      .toFile(path);
  const task: DecodeTask = {
    sources: [{ pixels: { kind: 'files', paths }, length: 3 }],
    chosen: Int32Array.of(0, 1, 2),
    size: 4,
    fit: 'square',
    // Every write to it fails as on a full disk.
    store: { kind: 'file', file: openSync('/dev/full', 'r+'), name: 'full', wasEmpty: false },
    done: new SharedArrayBuffer(3),
    own: { first: 0, end: 3 },
  };
  const found: Found[] = [];
  const decoding = new Decoding(task, (each) => found.push(each));
  decoding.want(Int32Array.of(0, 1, 2), 'later');
  const done = new Uint8Array(task.done);
  while (done.some((state) => state === 0)) await new Promise((wake) => setTimeout(wake, 5));
  const [told] = found;
  assert.ok(told !== undefined && 'spare' in told, JSON.stringify(found));
  assert.match(told.reason, /^full: no space left on the disk/);
  assert.deepEqual([...done], [3, 3, 3]);
  const pixels = Buffer.from(told.spare);
  for (let i = 0; i < 3; i++)
    assert.deepEqual([...pixels.subarray(48 * i, 48 * i + 3)], [40 * (i + 1), 1, 2], `image ${i}`);
  await decoding.end();
});
