import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openEncoder } from '../../src/encoders/open-encoder.js';
import { UserError } from '../../src/errors.js';
import { adopt, type Config, succeed } from '../../src/run/config.js';
import { folderFiles } from '../../src/run/disk/folder-files.js';
import { readSafetensors, writeSafetensors } from '../../src/run/disk/safetensors-file.js';
import { beginFrom } from '../../src/run/predecessor.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { WorldModel } from '../../src/verbs/world-model.js';
import { digest } from '../train/tiny-run.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-encoder-runs-'));
after(() => rmSync(folder, { recursive: true }));

const fixtures = fileURLToPath(new URL('../fixtures/encoders/', import.meta.url));
const source = join(folder, 'dinov2');
cpSync(join(fixtures, 'dinov2_with_registers'), source, { recursive: true });

/** A run's configuration on an encoder. */
async function configured(settings: Record<string, unknown> = {}, encoder = source): Promise<Config> {
  const { settled } = await openEncoder(encoder);
  return adopt('demo', settled, {
    data: ['synthetic:40'],
    steps: 4,
    batch: 8,
    'predictor.depth': 1,
    'health.every': 4,
    'health.images': 4,
    ...settings,
  });
}

const weights = (run: string) => readSafetensors(join(run, 'model.safetensors')).tensors;

/** The images that the fixture has latents of, as a model takes them: before they are normalised. */
function fixtureImages({ normalisation: { mean, std } }: Config): {
  images: Float32Array;
  latents: Float32Array;
} {
  const { tensors } = readSafetensors(join(fixtures, 'latents.safetensors'));
  const { data, shape } = tensors.get('images.12')!;
  const pixels = shape[2]! * shape[3]!;
  const colour = (i: number): number => Math.floor(i / pixels) % 3;
  return {
    images: data.map((value, i) => value * std[colour(i)]! + mean[colour(i)]!),
    latents: tensors.get('dinov2_with_registers.12')!.data,
  };
}

test('a frozen encoder stays what it was, in a run folder that needs nothing else', async () => {
  const out = join(folder, 'frozen');
  const config = await configured();
  const result = await pretrain(config, { out });
  assert.ok(result.before && result.after && Number.isFinite(result.after.mrr));
  const model = await WorldModel.load(out);
  const { images, latents } = fixtureImages(config);
  for (const by of ['encode', 'features'] as const) {
    const { data, dims } = await model[by](images);
    assert.deepEqual(dims, [1, 9, 16]);
    const apart = Math.hypot(...data.map((value, i) => value - latents[i]!)) / Math.hypot(...latents);
    assert.ok(apart < 1e-5, `${by}: off by ${apart}`);
  }
  model.dispose();
});

test('of last:1 the last block alone changes, and its average after it; resuming gives the same', async () => {
  const [first, stopped] = [join(folder, 'last'), join(folder, 'stopped')];
  const config = await configured({ 'encoder.trained': 'last:1', 'checkpoint.every': 2 });
  await pretrain(config, { out: first });
  const frozen = weights(join(folder, 'frozen'));
  const trained = weights(first);
  for (const part of ['encoder', 'target_encoder'])
    for (const [name, { data }] of trained) {
      if (!name.startsWith(`${part}.`)) continue;
      const isSame = data.every((value, i) => value === frozen.get(name)!.data[i]);
      assert.equal(isSame, !name.startsWith(`${part}.blocks.1.`), name);
    }
  assert.notDeepEqual(
    trained.get('encoder.blocks.1.mlp.fc1.weight')?.data,
    trained.get('target_encoder.blocks.1.mlp.fc1.weight')?.data,
  );
  const checkpoint = readSafetensors(join(first, 'checkpoints/step-0000004.safetensors')).tensors;
  const names = [...checkpoint.keys()].filter((name) => /encoder\./.test(name));
  assert.equal(names.length, 4 * 14, 'weights, average, and two moments of one block');
  assert.ok(names.every((name) => name.includes('encoder.blocks.1.')));

  const abort = new AbortController();
  const log = { note: () => {}, progress: () => abort.abort(new Error('stopped')) };
  await assert.rejects(
    pretrain({ ...config, log: { every: 1 } }, { out: stopped, signal: abort.signal, log }),
    /stopped/,
  );
  await pretrain({ ...config, log: { every: 1 } }, { out: stopped, resume: true });
  assert.equal(digest(stopped), digest(first));
});

test('weights that do not fit are refused before there is a folder that would be in the way of the next try', async () => {
  const [lacking, out] = [join(folder, 'lacking'), join(folder, 'none')];
  cpSync(source, lacking, { recursive: true });
  const file = join(lacking, 'model.safetensors');
  const tensors = new Map(readSafetensors(file).tensors);
  tensors.delete('encoder.layer.1.mlp.fc1.weight');
  writeSafetensors(file, { tensors, metadata: {} });
  const config = await configured({}, lacking);
  await assert.rejects(pretrain(config, { out }), /missing: blocks\.1\.mlp\.fc1\.weight$/);
  assert.ok(!existsSync(out));
});

test('weights that have changed since are refused; a successor asks only for the run', async () => {
  const out = join(folder, 'changed');
  const config = await configured();
  const file = join(source, 'model.safetensors');
  const { tensors, metadata } = readSafetensors(file);
  writeSafetensors(file, { tensors, metadata: { ...metadata, note: 'others' } });
  await assert.rejects(pretrain(config, { out }), (error) => {
    assert.ok(error instanceof UserError);
    return /dinov2: its weights are others than those that this run began with \(SHA-256\)$/.test(
      error.message,
    );
  });
  rmSync(source, { recursive: true });
  await assert.rejects(pretrain(config, { out }), /dinov2: no such file or folder/);
  const run = join(folder, 'frozen');
  const from = await beginFrom(folderFiles(run));
  const next = succeed(config, from, { 'encoder.trained': 'last:2', steps: 1 });
  await pretrain(next, { out });
  assert.throws(() => succeed(config, from, { 'image.size': 16 }), /another size: encoder\.image 12, now 16/);
});
