import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openImages } from '../../src/data/images.js';

interface Fixture {
  readonly size: number;
  readonly images: readonly { readonly name: string; readonly file: string; readonly rgb: string }[];
}

const { size, images: expected } = JSON.parse(
  readFileSync(new URL('../fixtures/decode.json', import.meta.url), 'utf8'),
) as Fixture;
const folder = mkdtempSync(join(tmpdir(), 'iwm-decode-'));
after(() => rmSync(folder, { recursive: true }));

test('images of every kind decode to the pixels that Pillow gives', async () => {
  const sorted = [...expected].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, file } of sorted) writeFileSync(join(folder, name), Buffer.from(file, 'base64'));
  const images = await openImages([folder], { size });
  assert.equal(images.length, sorted.length);
  const plane = size * size;
  for (const [index, { name, rgb }] of sorted.entries()) {
    const batch = await images.batch([index]);
    const right = Buffer.from(rgb, 'base64');
    let largest = 0;
    for (let pixel = 0; pixel < plane; pixel++)
      for (let channel = 0; channel < 3; channel++) {
        const value = 255 * batch[channel * plane + pixel]!;
        largest = Math.max(largest, Math.abs(value - right[3 * pixel + channel]!));
      }
    assert.ok(largest < 1.001, `${name}: off by ${largest} of 255`);
  }
  await images.close();
});
