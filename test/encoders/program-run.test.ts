import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { adapt } from '../../src/adapt/adapt.js';
import { AdaptedModel } from '../../src/adapt/model/adapted-model.js';
import { openEncoder } from '../../src/encoders/open-encoder.js';
import { UserError } from '../../src/errors.js';
import { exportModel } from '../../src/export/export-model.js';
import { adopt, type Config, succeed } from '../../src/run/config.js';
import { folderFiles, folderStore } from '../../src/run/disk/folder-files.js';
import { readSafetensors } from '../../src/run/disk/safetensors-file.js';
import { beginFrom } from '../../src/run/predecessor.js';
import { evaluateRun } from '../../src/verbs/evaluate-run.js';
import { type PretrainResult, pretrain } from '../../src/verbs/pretrain.js';
import { WorldModel } from '../../src/verbs/world-model.js';
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

test('it is not exported yet, which is said in a line', () =>
  assert.rejects(
    exportModel(run, { out: join(folder, 'exported') }),
    /^UserError: .*its encoder came as an ONNX model, and runs of such a one are not exported yet/,
  ));

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
