// A run's export, read back by ONNX Runtime and by transformers.js, is the run's own model.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readImages } from '../../src/data/image-files.js';
import { exportModel } from '../../src/export/export-model.js';
import { readSafetensors } from '../../src/run/disk/safetensors-file.js';
import { WorldModel } from '../../src/verbs/world-model.js';
import { applyAction } from '../../src/world-model/index.js';
import { bits, paintWorld, pretrainTiny, refuses } from '../adapt/tiny-world.js';
import { close, normalised, relative, runOnnx } from './run-onnx.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-export-'));
const run = join(folder, 'run');
const out = join(folder, 'models', 'out');
const images = join(folder, 'images');
const json = (path: string) => JSON.parse(readFileSync(join(out, path), 'utf8'));
const SIDE = 16;
let model: WorldModel;
let pixels: Float32Array;

before(async () => {
  await paintWorld(images, 12, 12);
  await pretrainTiny(images, run);
  await exportModel(run, { out, threads: 1 });
  model = await WorldModel.load(run, { threads: 1 });
  pixels = await readImages(
    ['left', 'top', 'right'].map((name) => join(images, 'validation', name, '0.png')),
    model,
  );
});
after(() => {
  model.dispose();
  rmSync(folder, { recursive: true });
});

const feed = (of = pixels): readonly [Float32Array, number[]] => [
  normalised(of, json('preprocessor_config.json'), SIDE),
  [of.length / (3 * SIDE ** 2), 3, SIDE, SIDE],
];

test('the files of the layout, and nothing half written beside them', () => {
  const files = readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(out.length + 1))
    .sort();
  assert.deepEqual(files, [
    'README.md',
    'config.json',
    'model.safetensors',
    'onnx/model.onnx',
    'onnx/model_fp16.onnx',
    'onnx/model_quantized.onnx',
    'predictor/encoder.onnx',
    'predictor/predictor.json',
    'predictor/predictor.onnx',
    'predictor/target.onnx',
    'preprocessor_config.json',
    'timm/config.json',
    'timm/model.safetensors',
  ]);
  assert.deepEqual(readdirSync(join(folder, 'models')), ['out']);
  assert.equal(json('config.json').model_type, 'ijepa');
  assert.equal(json('config.json')['transformers.js_config'].use_external_data_format, false);
});

test('ONNX Runtime computes the same latents, of any number of images', async () => {
  for (const [file, by] of [
    ['onnx/model.onnx', 'target'],
    ['predictor/encoder.onnx', 'encoder'],
  ] as const)
    for (const count of [1, 3]) {
      const some = pixels.subarray(0, count * 3 * SIDE ** 2);
      const { data, dims } = await model.encode(some, by);
      const { last_hidden_state, pooler_output } = await runOnnx(join(out, file), {
        pixel_values: feed(some),
      });
      assert.deepEqual(last_hidden_state?.dims, dims);
      close(last_hidden_state.data, data, 1e-6, file);
      const mean = Array.from({ length: 16 }, (_, i) => {
        let sum = 0;
        for (let patch = 0; patch < 16; patch++) sum += data[patch * 16 + i]!;
        return sum / 16;
      });
      close(pooler_output!.data.subarray(0, 16), mean, 1e-5);
    }
});

test('what predictions come near is told, and gives what the run itself asks for', async () => {
  const { graph, output } = json('predictor/predictor.json').target;
  const found = await runOnnx(join(out, 'predictor', graph), { pixel_values: feed() });
  const { data, dims } = await model.targets(pixels);
  assert.deepEqual(found[output]?.dims, dims);
  close(found[output].data, data, 1e-5);
});

test('the smaller files are smaller, and differ by what their bits can hold', async () => {
  const { data } = await model.encode(pixels, 'target');
  const differ = async (name: string): Promise<number> => {
    const found = await runOnnx(join(out, 'onnx', name), { pixel_values: feed() });
    return relative(found.last_hidden_state!.data, data);
  };
  const [half, quarter] = [await differ('model_fp16.onnx'), await differ('model_quantized.onnx')];
  assert.ok(half > 1e-6 && half < 2e-3, `fp16 ${half}`);
  assert.ok(quarter > half && quarter < 5e-2, `int8 ${quarter}`);
  const [whole, smaller, smallest] = ['model.onnx', 'model_fp16.onnx', 'model_quantized.onnx'].map(
    (name) => readFileSync(join(out, 'onnx', name)).length,
  ) as [number, number, number];
  assert.ok(smallest < smaller && smaller < whole, `${smallest} ${smaller} ${whole} bytes`);
});

test('the predictor gives the predictions of the model for the numbers that its document explains', async () => {
  const { inputs, action, null: none, encoder } = json('predictor/predictor.json');
  assert.equal(encoder, 'encoder.onnx');
  const [, patches, width] = inputs.latents.shape;
  const change = { brightness: 0.3, hue: -0.05, blur: 2 };
  const numbers = action.map((each: { name: keyof typeof change; kind: string; unit: number }, i: number) => {
    const given = change[each.name];
    if (given === undefined) return none[i];
    return each.kind === 'jitter' ? given / each.unit : 1;
  });
  close(numbers, applyAction(change).conditioning, 1e-6);
  const latents = await model.encode(pixels.subarray(0, 3 * SIDE ** 2));
  const { predicted } = await runOnnx(join(out, 'predictor', 'predictor.onnx'), {
    latents: [latents.data, [1, patches, width]],
    action: [Float32Array.from(numbers), [1, numbers.length]],
    positions: [Int32Array.from({ length: patches }, (_, i) => i), [1, patches]],
  });
  const expected = await model.predict(latents, change);
  close(predicted!.data, expected.data, 1e-6);
});

test('weights go out bit for bit: as timm names them, which is ours, and as transformers does', () => {
  const ours = readSafetensors(join(run, 'model.safetensors')).tensors;
  const timm = readSafetensors(join(out, 'timm', 'model.safetensors')).tensors;
  const theirs = readSafetensors(join(out, 'model.safetensors'));
  const own = [...ours.keys()].filter((name) => name.startsWith('target_encoder.'));
  assert.equal(timm.size, own.length + 1);
  for (const name of own) {
    const found = timm.get(name.slice('target_encoder.'.length));
    assert.deepEqual(bits(found!.data), bits(ours.get(name)!.data));
  }
  assert.deepEqual(timm.get('pos_embed')?.shape, [1, 16, 16]);
  assert.equal(theirs.metadata.format, 'pt');
  const qkv = timm.get('blocks.1.attn.qkv.weight')!.data;
  const thirds = ['query', 'key', 'value'].flatMap((part) => [
    ...theirs.tensors.get(`encoder.layer.1.attention.attention.${part}.weight`)!.data,
  ]);
  assert.deepEqual(thirds, [...qkv]);
  const count = (tensors: typeof timm): number =>
    [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
  assert.equal(count(theirs.tensors), count(timm));
});

test('transformers.js extracts the same features from an image file, in each precision', async () => {
  const { env, pipeline } = await import('@huggingface/transformers');
  env.allowRemoteModels = false;
  const file = join(images, 'validation', 'left', '0.png');
  const { data, dims } = await model.encode(pixels.subarray(0, 3 * SIDE ** 2), 'target');
  for (const [dtype, most] of [
    ['fp32', 1e-5],
    ['fp16', 2e-3],
    ['q8', 5e-2],
  ] as const) {
    const extract = await pipeline('image-feature-extraction', out, { dtype });
    const found = await extract(file);
    assert.deepEqual(found.dims, dims);
    close(found.data as Float32Array, data, most, dtype);
    assert.deepEqual((await extract(file, { pool: true })).dims, [1, 16]);
    await extract.dispose();
  }
});

test('the card tells data, numbers, what the smaller files change, and commands', () => {
  const card = readFileSync(join(out, 'README.md'), 'utf8');
  assert.match(card, /^---\nlibrary_name: transformers\.js\npipeline_tag: image-feature-extraction\n/);
  assert.match(card, /MRR 0\.\d{3}; k-NN \d/);
  assert.match(card, /model_quantized\.onnx` \| 0\.\d MiB \| \d\.\de-\d \| \d+\.\d % \|/);
  assert.match(card, /48 images, 4 classes, split validation/);
  assert.match(card, /npx iwm pretrain --preset demo --data \S+ .*--set encoder\.width=16 .*--out \S+run\n/);
});

test('a frozen encoder goes out once', async () => {
  const frozen = join(folder, 'frozen');
  const { pretrain } = await import('../../src/verbs/pretrain.js');
  const { resolve } = await import('../../src/run/config.js');
  const { tiny } = await import('../train/tiny-run.js');
  await pretrain(resolve('demo', { ...tiny, steps: 2, 'encoder.trained': 'none' }), {
    out: frozen,
    threads: 1,
  });
  const to = join(folder, 'frozen-out');
  const { files } = await exportModel(frozen, { out: to, threads: 1, data: [join(folder, 'nowhere')] });
  assert.equal(
    files.some(({ path }) => path === 'predictor/encoder.onnx'),
    false,
  );
  const { encoder } = JSON.parse(readFileSync(join(to, 'predictor', 'predictor.json'), 'utf8'));
  assert.ok(readdirSync(join(to, 'predictor', encoder, '..')).includes('model.onnx'));
  // Where its images are not to be had, drawn ones take their place, and the card says so.
  assert.match(readFileSync(join(to, 'README.md'), 'utf8'), /Compared on synthetic: /);
});

test('bad input is one line, and leaves nothing behind', async () => {
  await refuses(exportModel(run, { out }), 1, /models\/out exists already; choose another --out/);
  await refuses(exportModel(join(folder, 'none'), { out: join(folder, 'a') }), 1, /none is no run folder/);
  const begun = join(folder, 'begun');
  mkdirSync(begun);
  writeFileSync(join(begun, 'config.json'), readFileSync(join(run, 'config.json')));
  await refuses(exportModel(begun, { out: join(folder, 'a') }), 1, /begun: no finished model there/);
  assert.equal(readdirSync(folder).includes('a'), false);
});

test('a folder that may not be written to is told before anything is computed', async (context) => {
  if (process.getuid?.() === 0) return context.skip('root may write anywhere');
  const locked = join(folder, 'locked');
  mkdirSync(locked);
  chmodSync(locked, 0o500);
  await assert.rejects(exportModel(run, { out: join(locked, 'out') }), { code: 'EACCES' });
});
