// Others' encoders have features without a run; truth is what their own files compute of the same pixels.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { openImages } from '../../src/data/images.js';
import { embed } from '../../src/embed/embed.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { refuses } from '../adapt/tiny-world.js';
import { importedLatents } from '../encoders/imported.js';
import { close, normalised, runOnnx } from '../export/run-onnx.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-embed-others-'));
after(() => rmSync(folder, { recursive: true }));
const data = ['synthetic:2'];
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** The drawn images, normalised as an encoder's files say. */
async function imagesFor(encoder: string, size: number): Promise<Float32Array> {
  const images = await openImages(data, { size, split: 'all' });
  const pixels = await images.batch([0, 1]);
  await images.close();
  return normalised(
    pixels,
    JSON.parse(readFileSync(join(encoder, 'preprocessor_config.json'), 'utf8')),
    size,
  );
}

/** Latents of every patch, as they are written; and what was noted. */
async function embedded(model: string): Promise<{ latents: number[]; notes: string[] }> {
  const out = join(mkdtempSync(join(folder, 'out-')), 'latents.parquet');
  const notes: string[] = [];
  const log = { progress: () => {}, note: (line: string) => notes.push(line) };
  await embed(model, { data, out, patches: true, log, threads: 1 });
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(out) });
  return { latents: rows.flatMap(({ embedding }) => embedding as number[]), notes };
}

test('of weights', async () => {
  const source = fixture('encoders/dinov2');
  const images = await imagesFor(source, 12);
  const engine = createEngine({ threads: 1 });
  const wanted: number[] = [];
  for (const image of [images.slice(0, images.length / 2), images.slice(images.length / 2)])
    wanted.push(...(await importedLatents(engine, source, 12, image)).whole);
  engine.dispose();
  const { latents, notes } = await embedded(source);
  close(latents, wanted, 1e-6);
  assert.match(notes[0] ?? '', /dinov2: left out, as not of the encoder: embeddings\.mask_token$/);
});

test('of an ONNX model, whether its folder or its file is given', async () => {
  const source = fixture('onnx-encoder');
  const file = join(source, 'onnx', 'model.onnx');
  const feed = await imagesFor(source, 32);
  const { last_hidden_state } = await runOnnx(file, { pixel_values: [feed, [2, 3, 32, 32]] });
  const { data: all, dims } = last_hidden_state ?? assert.fail();
  assert.deepEqual(dims, [2, 17, 16]);
  const wanted = [...all].filter((_, i) => i % (17 * 16) >= 16);
  for (const model of [source, file]) close((await embedded(model)).latents, wanted, 1e-6);
});

test('what is no encoder, nor a run, is told in one line', async () => {
  const nothing = join(folder, 'nothing');
  mkdirSync(nothing);
  await refuses(embedded(nothing), 1, /is no run folder/);
  await refuses(embedded(fixture('resize.json')), 2, /config\.json is missing beside it/);
});
