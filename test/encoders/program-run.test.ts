import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { adapt } from '../../src/adapt/adapt.js';
import { AdaptedModel } from '../../src/adapt/model/adapted-model.js';
import { openEncoder } from '../../src/encoders/open-encoder.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { UserError } from '../../src/errors.js';
import { exportModel } from '../../src/export/export-model.js';
import { TrainedModel } from '../../src/model/trained-model.js';
import { adopt, type Config, modelConfig, succeed } from '../../src/run/config.js';
import { folderFiles, folderStore } from '../../src/run/disk/folder-files.js';
import { loadModel } from '../../src/run/disk/model-file.js';
import { readSafetensors } from '../../src/run/disk/safetensors-file.js';
import { beginFrom } from '../../src/run/predecessor.js';
import { evaluateRun } from '../../src/verbs/evaluate-run.js';
import { type PretrainResult, pretrain } from '../../src/verbs/pretrain.js';
import { WorldModel } from '../../src/verbs/world-model.js';
import { layouts } from '../../src/world-model/index.js';
import { refuses } from '../adapt/tiny-world.js';
import { close, normalised, runOnnx } from '../export/run-onnx.js';
import { drawOnnx, writeLayout } from './draw-encoder.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-program-run-'));
after(() => rmSync(folder, { recursive: true }));

const [source, moved, run] = ['encoder', 'moved', 'run'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
let config: Config;
let result: PretrainResult;
before(async () => {
  writeLayout(source);
  config = adopt('demo', (await openEncoder(source)).settled, {
    data: ['synthetic:300'],
    'image.stored': 32,
    'predictor.depth': 2,
    batch: 32,
    steps: 160,
    'optimiser.learningRate': 5e-3,
    'health.images': 8,
    'health.every': 160,
  });
  result = await pretrain(config, { out: run, threads: 1 });
  // From here on the run has to be whole by itself.
  renameSync(source, moved);
});

test('the predictor learns on the frozen model; of the encoder nothing is in the checkpoint', async () => {
  const { before, after, loss } = result;
  assert.ok(before && after);
  assert.ok(after.mrr > 2 * before.mrr, `MRR ${before.mrr} → ${after.mrr}`);
  const [first] = (await folderStore(run).metrics()).filter(({ kind }) => kind === 'step') as {
    loss: number;
  }[];
  assert.ok(first && loss < 0.5 * first.loss, `${loss} after ${first?.loss}`);
  // What the encoder makes of images does not change.
  for (const what of ['knn', 'rankMe', 'featureDeviation'] as const) assert.equal(after[what], before[what]);
  const names = [...readSafetensors(join(run, 'model.safetensors')).tensors.keys()];
  assert.ok(names.length > 0 && names.every((name) => name.startsWith('predictor.')), `${names}`);
  assert.deepEqual(readFileSync(join(run, 'encoder.onnx')), Buffer.from(drawOnnx()));
});

test('a run is gone on with, evaluated, used and begun from without the folder that the model came from', async () => {
  await pretrain(config, { out: run, resume: true, threads: 1 });
  const { mrr } = await evaluateRun(run, { data: ['synthetic:40'], images: 4, threads: 1 });
  assert.ok(mrr.value > 0);
  const model = await WorldModel.load(run, { threads: 1 });
  const latents = await model.encode(new Float32Array(3 * 32 * 32).fill(0.5));
  assert.deepEqual((await model.predict(latents, { brightness: 0.3 })).dims, [1, 16, 32]);
  model.dispose();
  const out = join(folder, 'next');
  await pretrain(succeed(config, await beginFrom(folderFiles(run)), { steps: 2 }), { out, threads: 1 });
  assert.ok(existsSync(join(out, 'encoder.onnx')));
});

test('an adapted model keeps the encoder too; the encoder is not tuned', async () => {
  const out = join(folder, 'adapted');
  const choices = {
    run,
    tasks: [{ task: 'classification', data: ['synthetic'] }],
    limit: 40,
    epochs: 1,
  } as const;
  await assert.rejects(
    adapt({ ...choices, tune: 'all' }, { out, threads: 1 }),
    /^UserError: --tune all tunes the encoder, which is an ONNX model here and stays as it is; give --tune predictor or head$/,
  );
  const { latents } = await adapt(choices, { out, threads: 1 });
  assert.equal(latents?.from, 'computed');
  const model = await AdaptedModel.load(out, { threads: 1 });
  const { dims } = await model.classify(new Float32Array(3 * 32 * 32));
  assert.deepEqual(dims, [1, 10]);
  model.dispose();
});

test('the encoder goes out as it came, with the predictor; given again it is the same, latent for latent', async () => {
  const out = join(folder, 'exported');
  await exportModel(run, { out, threads: 1 });
  assert.deepEqual(readFileSync(join(out, 'onnx', 'model.onnx')), Buffer.from(drawOnnx()));
  const { settled, models } = await openEncoder(out);
  const { encoder, image, normalisation } = adopt('demo', settled, { 'image.stored': 32 });
  assert.deepEqual(encoder.source?.sha256, config.encoder.source?.sha256);
  assert.deepEqual({ ...encoder, source: 0 }, { ...config.encoder, source: 0 });
  assert.deepEqual({ image, normalisation }, { image: config.image, normalisation: config.normalisation });

  const model = await WorldModel.load(run, { threads: 1 });
  const again = new TrainedModel(
    { ...config, encoder, image, normalisation },
    createEngine({ threads: 1, models }),
    loadModel(run, layouts(modelConfig(config))),
  );
  const pixels = Float32Array.from({ length: 3 * 32 * 32 }, (_, i) => ((i * 7) % 256) / 255);
  const latents = await model.encode(pixels);
  assert.deepEqual((await again.encode(pixels)).data, latents.data);
  again.dispose();

  // As anybody would run both: the patches' latents into the predictor.
  const told = JSON.parse(readFileSync(join(out, 'predictor', 'predictor.json'), 'utf8'));
  const files = JSON.parse(readFileSync(join(out, 'preprocessor_config.json'), 'utf8'));
  const found = await runOnnx(join(out, 'predictor', told.encoder.graph), {
    pixel_values: [normalised(pixels, files, 32), [1, 3, 32, 32]],
  });
  const { data } = found[told.encoder.output]!;
  const patches = Float32Array.from(data.subarray(told.encoder.prefix * 32));
  close(patches, latents.data, 1e-5);
  const { predicted } = await runOnnx(join(out, 'predictor', 'predictor.onnx'), {
    latents: [patches, [1, 16, 32]],
    action: [Float32Array.from(told.null), [1, told.null.length]],
    positions: [Int32Array.from({ length: 16 }, (_, i) => i), [1, 16]],
  });
  close(predicted!.data, (await model.predict(latents, {})).data, 1e-5);
  model.dispose();
});

test('transformers.js extracts what the encoder gives', async () => {
  const { env, pipeline, RawImage } = await import('@huggingface/transformers');
  env.allowRemoteModels = false;
  const extract = await pipeline('image-feature-extraction', join(folder, 'exported'));
  const { dims } = await extract(new RawImage(new Uint8ClampedArray(3 * 32 * 32), 32, 32, 3));
  assert.deepEqual(dims, [1, 17, 32]);
  await extract.dispose();
});

test('an encoder of an operator set that is too old for a head is refused in a line when that is exported', async () => {
  const old = join(folder, 'old');
  cpSync(join(folder, 'adapted'), old, { recursive: true });
  const bytes = Buffer.from(drawOnnx());
  // The only set that it imports: ONNX's own, 20.
  bytes[bytes.indexOf(Uint8Array.of(0x42, 4, 0x0a, 0, 0x10, 20)) + 5] = 10;
  writeFileSync(join(old, 'encoder.onnx'), bytes);
  const told = readFileSync(join(old, 'config.json'), 'utf8');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(
    join(old, 'config.json'),
    told.replaceAll(config.encoder.source?.sha256 ?? assert.fail('no source'), sha256),
  );
  await refuses(
    exportModel(old, { out: join(folder, 'classifier') }),
    1,
    /old: its encoder, \S+encoder, is written in operator set 10 of ONNX, and a head can be joined to 11 or later: begin with one that is exported anew, with opset_version=17$/,
  );
  assert.ok(!existsSync(join(folder, 'classifier')));
});

test('a model that is missing or another is refused in a line, at the beginning of a run and later', async () => {
  const refused = (work: Promise<unknown>, line: RegExp) =>
    assert.rejects(
      work,
      (error) => error instanceof UserError && line.test(error.message) && !error.message.includes('\n'),
    );
  const out = join(folder, 'refused');
  await refused(pretrain(config, { out }), /encoder: no such file or folder; an encoder is a folder/);
  assert.ok(!existsSync(out));
  const kept = join(run, 'encoder.onnx');
  copyFileSync(kept, join(folder, 'kept.onnx'));
  appendFileSync(kept, ' ');
  await refused(WorldModel.load(run), /encoder\.onnx is another encoder than that of the run \(SHA-256\)$/);
  rmSync(kept);
  await refused(WorldModel.load(run), /encoder\.onnx is missing: it is the encoder/);
  copyFileSync(join(folder, 'kept.onnx'), kept);
});
