import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { openImages } from '../../src/data/images.js';
import { type Embedding, type EmbedOptions, embed } from '../../src/embed/embed.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { createEvaluator } from '../../src/evaluate/evaluator.js';
import { exportModel } from '../../src/export/export-model.js';
import { evaluatorConfig, modelConfig, resolve } from '../../src/run/config.js';
import { loadModel } from '../../src/run/disk/model-file.js';
import { readSafetensors, writeSafetensors } from '../../src/run/disk/safetensors-file.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { WorldModel } from '../../src/verbs/world-model.js';
import { layouts } from '../../src/world-model/index.js';
import { paintWorld, quickly, refuses } from '../adapt/tiny-world.js';
import { close } from '../export/run-onnx.js';
import { tiny } from '../train/tiny-run.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-embed-'));
after(() => rmSync(folder, { recursive: true }));
const [run, world] = [join(folder, 'run'), join(folder, 'world')];
const config = resolve('demo', { ...tiny, data: [world], steps: 2, badSamples: 0.02 });
/** Three parts. */
const many = ['synthetic:2100'];

before(async () => {
  await paintWorld(world, 20, 5);
  await pretrain(config, { out: run, threads: 1 });
});

type Row = { file: string; label: number | null; class: string | null; patch?: number; embedding: number[] };
const rowsOf = async (path: string): Promise<Row[]> =>
  (await parquetReadObjects({ file: await asyncBufferFromFile(path) })) as Row[];

/** Embeds and tells which lines were noted; asked to stop once a line matches. */
async function embedTo(
  name: string,
  options: Partial<EmbedOptions> & { readonly model?: string; readonly stop?: RegExp } = {},
): Promise<Embedding & { readonly path: string; readonly notes: readonly string[] }> {
  const { model = run, stop, ...rest } = options;
  const notes: string[] = [];
  const controller = new AbortController();
  const look = (line: string): void => {
    if (stop?.test(line)) controller.abort(new Error('stop'));
  };
  const log = { progress: look, note: (line: string) => notes.push(line) };
  const path = join(folder, name);
  const common = { data: [world], out: path, log, signal: controller.signal, threads: 1 };
  return { ...(await embed(model, { ...common, ...rest })), path, notes };
}
const partsOf = (path: string): string[] =>
  readdirSync(`${path}.parts`).filter((name) => name.endsWith('.safetensors'));

test('pooled features are those that the evaluation measures, with file, label and class', async () => {
  const { path, dims, out, notes } = await embedTo('pooled.parquet');
  assert.deepEqual([dims, out], [[100, 32], [path]]);
  assert.match(notes[0] ?? '', /^images: .*world: 100 images, 4 classes, split all$/);
  assert.ok(!existsSync(`${path}.parts`));
  const rows = await rowsOf(path);
  const images = await openImages([world], { size: 16, split: 'all' });
  const everything = Int32Array.from({ length: 100 }, (_, i) => i);
  assert.deepEqual(
    rows.map(({ file, label, class: name }) => [file, label, name]),
    Array.from(everything, (i) => [images.name(i), images.labels![i], images.classes![images.labels![i]!]]),
  );
  assert.equal(new Set(rows.map(({ file }) => file.split('/').at(-2))).size, 4);
  const engine = createEngine({ threads: 1 });
  const evaluator = await createEvaluator(engine, evaluatorConfig(config));
  const weights = loadModel(run, layouts(modelConfig(config)));
  const features = await evaluator.features(weights, await images.batch(everything));
  await images.close();
  engine.dispose();
  const worst = Math.max(
    ...rows.flatMap(({ embedding }) => embedding).map((x, i) => Math.abs(x - features[i]!)),
  );
  assert.ok(worst < 1e-5, `${worst}`);
});

test('patches have a row each, and are the latents of the target encoder', async () => {
  const data = ['synthetic:3'];
  const { path, dims } = await embedTo('patches.parquet', { data, patches: true });
  assert.deepEqual(dims, [3, 16, 32]);
  const rows = await rowsOf(path);
  assert.deepEqual(
    rows.map(({ file, label, patch }) => [file, patch, typeof label]),
    [0, 1, 2].flatMap((scene) =>
      Array.from({ length: 16 }, (_, patch) => [`scene ${scene}`, patch, 'number']),
    ),
  );
  const model = await WorldModel.load(run, { threads: 1 });
  const images = await openImages(data, { size: 16 });
  const latents = await model.features(await images.batch([0, 1, 2]));
  await images.close();
  model.dispose();
  const flat = rows.flatMap(({ embedding }) => embedding);
  assert.equal(flat.length, latents.data.length);
  const worst = Math.max(...flat.map((x, i) => Math.abs(x - latents.data[i]!)));
  assert.ok(worst < 1e-5, `${worst}`);
});

test('an adapted model has the features of its encoder, here the frozen one of its run', async () => {
  await quickly(run, world, folder)('adapted', { tune: 'head', predictor: 'none' }, { epochs: 1 });
  const [ofRun, adapted] = [
    await embedTo('of-run.npy'),
    await embedTo('adapted.npy', { model: join(folder, 'adapted') }),
  ];
  assert.deepEqual(readFileSync(adapted.path), readFileSync(ofRun.path));
});

test("a run's export is an encoder as others have: its features are the run's", async () => {
  const exported = join(folder, 'exported');
  await exportModel(run, { out: exported, data: ['synthetic:8'], threads: 1 });
  const [ofRun, ofExport] = [
    await embedTo('by-run.parquet'),
    await embedTo('by-export.parquet', { model: exported }),
  ];
  const flat = async (path: string) => (await rowsOf(path)).flatMap(({ embedding }) => embedding);
  close(await flat(ofExport.path), await flat(ofRun.path), 1e-6);
});

test('killed in the middle, the same command goes on, and the file is the same, byte for byte', async () => {
  const whole = await embedTo('whole.parquet', { data: many });
  const path = join(folder, 'killed.parquet');
  const launcher = fileURLToPath(new URL('../../bin/iwm.js', import.meta.url));
  const args = ['embed', run, '--data', many[0]!, '--out', path, '--threads', '1'];
  const child = spawn(process.execPath, [launcher, ...args]);
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
    if (/^1,024 of 2,100 images embedded, .* left$/m.test(told)) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'close')) as [unknown, string];
  assert.equal(signal, 'SIGKILL', told);
  assert.ok(!existsSync(path));
  const left = partsOf(path).length;
  assert.ok(left >= 1 && left < 3, `${left}`);
  const { kept } = await embedTo('killed.parquet', { data: many });
  assert.equal(kept, left * 1024);
  assert.deepEqual(readFileSync(path), readFileSync(whole.path));
  assert.ok(!existsSync(`${path}.parts`), 'nothing is left beside it');
});

test('asked to stop, it keeps what it has; what was damaged meanwhile is told and computed anew', async () => {
  await assert.rejects(embedTo('stopped.parquet', { data: many, stop: /^2,048 of/ }), /^Error: stop$/);
  const path = join(folder, 'stopped.parquet');
  const [damaged = '', ...others] = partsOf(path);
  assert.equal(others.length, 1);
  const bytes = readFileSync(join(`${path}.parts`, damaged));
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(join(`${path}.parts`, damaged), bytes);
  const { kept, notes } = await embedTo('stopped.parquet', { data: many });
  assert.equal(kept, 1024);
  assert.equal(notes.filter((line) => /its numbers have changed; computed anew$/.test(line)).length, 1);
  assert.deepEqual(readFileSync(path), readFileSync(join(folder, 'whole.parquet')));
});

test('what was kept of another model, of patches, or of other images is not taken', async () => {
  const other = join(folder, 'other');
  cpSync(run, other, { recursive: true });
  const weights = join(other, 'model.safetensors');
  const { tensors, metadata } = readSafetensors(weights);
  const [name = ''] = [...tensors.keys()].filter((each) => each.startsWith('target_encoder.'));
  tensors.get(name)!.data[0]! += 0.125;
  writeSafetensors(weights, { tensors, metadata });
  const data = ['synthetic:1030'];
  const asked = [
    { data },
    { data, model: other },
    { data, patches: true },
    { data: [world, 'synthetic:930'] },
  ];
  for (const [before, each] of asked.entries()) {
    await assert.rejects(embedTo('mixed.parquet', { ...each, stop: /^1,024 of/ }), /^Error: stop$/);
    assert.equal(partsOf(join(folder, 'mixed.parquet')).length, before + 1);
  }
  assert.equal((await embedTo('mixed.parquet', { data })).kept, 1024);
});

test('an image that cannot be read is told and left out; of too many the first is named', async () => {
  const photos = join(folder, 'photos');
  await paintWorld(photos, 12, 1);
  const broken = join(photos, 'train', 'left', '5.png');
  writeFileSync(broken, 'no image');
  const { path, dims, skipped, notes } = await embedTo('photos.parquet', { data: [photos] });
  assert.deepEqual(dims, [51, 32]);
  assert.deepEqual(
    skipped.map(({ sample }) => sample),
    [broken],
  );
  assert.match(
    notes.at(-1) ?? '',
    /^1 of 52 images cannot be read and is skipped: .*5\.png \(not a readable/,
  );
  const rows = await rowsOf(path);
  assert.ok(rows.every(({ file }) => file !== broken));
  const clean = await rowsOf((await embedTo('clean.parquet', { data: [join(photos, 'train', 'top')] })).path);
  const embeddings = new Map(rows.map(({ file, embedding }) => [file, embedding]));
  // The same whatever company an image had.
  for (const { file, embedding } of clean) assert.deepEqual(embeddings.get(file), embedding);
  writeFileSync(join(photos, 'train', 'left', '6.png'), 'none');
  await refuses(
    embedTo('more.parquet', { data: [photos] }),
    1,
    /2 of 52 images cannot be read, more than the 2 % that badSamples allows/,
  );
});

test('mistakes are told in one line', async () => {
  writeFileSync(join(folder, 'there.parquet'), '');
  await refuses(
    embedTo('there.parquet'),
    1,
    /there\.parquet exists already; remove it, or choose another --out$/,
  );
  assert.ok(!existsSync(join(folder, 'there.parquet.parts')));
  await refuses(embedTo('a.parquet', { model: world }), 1, /is no run folder/);
  await refuses(embedTo('a.parquet', { data: [join(folder, 'nowhere')] }), 1, /no such file or folder/);
  await refuses(embedTo('a.feather'), 2, /\.parquet or \.npy/);
});
