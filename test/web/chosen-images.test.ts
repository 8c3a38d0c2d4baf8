import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import sharp, { type Sharp } from 'sharp';
import { openImages } from '../../src/data/images.js';
import { everyIndex, namesOf } from '../../src/data/known-images.js';
import { drawScene } from '../../src/data/scene.js';
import type * as web from '../../src/web/index.js';
import { tiny } from '../train/tiny-run.js';
import { type OpenPage, openPage, skip } from './browser.js';
import { buildFront } from './front.js';

const SIZE = tiny['image.stored'];
const folder = mkdtempSync(join(tmpdir(), 'iwm-chosen-'));
const photos = join(folder, 'photos');
let opened: OpenPage;

/** A scene as a file. */
async function paint(path: string, scene: number, side: number, edit = (image: Sharp) => image) {
  const pixels = new Uint8Array(side * side * 3);
  drawScene(scene, side, pixels);
  mkdirSync(dirname(join(photos, path)), { recursive: true });
  await edit(sharp(pixels, { raw: { width: side, height: side, channels: 3 } })).toFile(join(photos, path));
}

before(async () => {
  if (skip) return;
  for (let i = 0; i < 60; i++) await paint(`train/${i % 2 ? 'cat' : 'dog'}/${10 + i}.png`, i, SIZE);
  await paint('train/cat/80.png', 80, 90, (image) =>
    image.extract({ left: 9, top: 0, width: 70, height: 90 }),
  );
  const veil = { input: Buffer.from([255, 0, 0, 128]), raw: { width: 1, height: 1, channels: 4 } } as const;
  await paint('train/cat/81.png', 81, 50, (image) =>
    image
      .ensureAlpha(0.5)
      .composite([{ ...veil, top: 9, left: 9 }])
      .png(),
  );
  await paint('train/dog/82.jpg', 82, 64, (image) =>
    // Away from black and white: libvips cuts off what overshoots them between its two passes.
    image
      .linear(160 / 255, 48)
      .jpeg({ quality: 95 })
      .withMetadata({ orientation: 6 }),
  );
  await paint('val/dog/90.png', 90, SIZE);
  writeFileSync(join(photos, 'train/dog/83.png'), 'damaged');
  writeFileSync(join(photos, 'notes.txt'), 'of photographs');
  writeFileSync(join(photos, '.hidden.png'), '');
  await paint('train/cat/@eaDir/80.png', 80, 20);
  await buildFront(folder, { worker: 'test/web/train-files.ts' });
  opened = await openPage([folder, 'node_modules/onnxruntime-web/dist']);
});
after(async () => {
  await opened?.close();
  rmSync(folder, { recursive: true });
});

/** What the worker answers. */
interface Answer {
  readonly source: string;
  readonly split: string;
  readonly classes: readonly string[];
  readonly labels: Readonly<Record<number, number>>;
  readonly description: string;
  readonly names: readonly string[];
  readonly bad: readonly { readonly sample: string; readonly reason: string }[];
  readonly digests: readonly string[];
  readonly pixels: Readonly<Record<number, number>>;
  readonly notes: readonly string[];
  readonly told: readonly string[];
  readonly error?: string;
}

test('a worker reads a chosen folder as iwm reads it, and trains on it', { skip }, async () => {
  const paths = readdirSync(photos, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  const settings = { ...tiny, data: ['photos'], steps: 2, badSamples: 0.05 };
  const answer = await opened.page.evaluate(
    async ({ paths, settings }) => {
      const files = await Promise.all(
        paths.map(async (path) => new File([await (await fetch(`/${path}`)).blob()], path)),
      );
      const pageWorker = globalThis as unknown as {
        Worker: new (
          url: string,
          options: object,
        ) => { onmessage: (m: { data: unknown }) => void; postMessage(task: unknown): void };
      };
      const worker = new pageWorker.Worker('/worker.js', { type: 'module' });
      return new Promise<Answer>((answered) => {
        worker.onmessage = ({ data }) => answered(data as Answer);
        worker.postMessage({ files, settings });
      });
    },
    { paths, settings },
  );
  assert.equal(answer.error, undefined);
  const images = await openImages([photos], { size: SIZE });
  const names = namesOf(images).map((name) => relative(folder, name).replaceAll('\\', '/'));
  assert.deepEqual(answer.names, names);
  assert.deepEqual(
    [answer.source, answer.split, answer.classes, Object.values(answer.labels)],
    ['photos', 'train', ['cat', 'dog'], [...images.labels!]],
  );
  const rename = (text: string): string => text.replaceAll(photos, 'photos');
  assert.deepEqual([answer.description, answer.told], [rename(images.description), images.notes.map(rename)]);
  assert.deepEqual(answer.bad, [
    { sample: 'photos/train/dog/83.png', reason: 'not an image that this browser can decode' },
  ]);
  const bad = await images.bad(everyIndex(images));
  const good = everyIndex(images).filter((index) => !bad.has(index));
  const digests = await images.digests(good);
  const pixels = await images.batch(good);
  await images.close();
  const each = 3 * SIZE ** 2;
  for (const [i, index] of good.entries()) {
    const name = names[index]!;
    // What is as large as it is kept is the same to the bit.
    if (name < 'photos/train/cat/80' || (name > 'photos/train/dog' && name < 'photos/train/dog/80'))
      assert.equal(answer.digests[i], digests[i], name);
    let [total, worst] = [0, 0];
    for (let at = i * each; at < (i + 1) * each; at++) {
      const apart = 255 * Math.abs(answer.pixels[at]! - pixels[at]!);
      total += apart / each;
      worst = Math.max(worst, apart);
    }
    assert.ok(total < 1 && worst < 8, `${name}: mean ${total}, worst ${worst}`);
  }
  assert.match(answer.notes.join('\n'), /1 of 64 images cannot be read and is skipped/);
  const runs = await opened.page.evaluate(async () => {
    const module = '/web.js';
    const { storedRun, storedRuns } = (await import(module)) as typeof web;
    return { runs: await storedRuns(), files: await storedRun('worker').list('') };
  });
  assert.deepEqual(runs.runs, ['worker']);
  assert.ok(runs.files.includes('model.safetensors'));
  assert.deepEqual(opened.errors, []);
});
