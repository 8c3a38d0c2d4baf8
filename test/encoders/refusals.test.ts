import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openEncoder } from '../../src/encoders/open-encoder.js';
import { UserError } from '../../src/errors.js';
import { adopt, modelConfig } from '../../src/run/config.js';
import { readSafetensors, writeSafetensors } from '../../src/run/disk/safetensors-file.js';
import { layouts } from '../../src/world-model/index.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-encoders-'));
after(() => rmSync(folder, { recursive: true }));

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/encoders/${name}`, import.meta.url));

/** A copy of a fixture, to be changed. */
function copyOf(name: string): string {
  const copy = mkdtempSync(join(folder, `${name}-`));
  cpSync(fixture(name), copy, { recursive: true });
  return copy;
}

type Tensors = Map<string, { shape: readonly number[]; data: Float32Array }>;

/** A copy of a fixture with other tensors. */
function withTensors(name: string, change: (tensors: Tensors) => void): string {
  const copy = copyOf(name);
  const file = join(copy, 'model.safetensors');
  const tensors: Tensors = new Map(readSafetensors(file).tensors);
  change(tensors);
  writeSafetensors(file, { tensors, metadata: {} });
  return copy;
}

/** A copy of a fixture with other settings in one of its files. */
function withSettings(name: string, settings: object, file = 'config.json'): string {
  const copy = copyOf(name);
  const path = join(copy, file);
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...settings }));
  return copy;
}

/** Opens an encoder and lays its weights out, as a run does. */
async function use(source: string, settings: Record<string, unknown> = {}) {
  const { settled, weights, notes } = await openEncoder(source);
  const config = adopt('cifar', settled, settings);
  const layout = layouts(modelConfig(config)).encoder;
  return { config, notes, layout, weights: weights(layout) };
}

const refused = (source: string, message: RegExp, settings?: Record<string, unknown>) =>
  assert.rejects(
    () => use(source, settings),
    (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, message);
      return !error.message.includes('\n');
    },
  );

describe('what cannot be an encoder is refused in a line', () => {
  test('where it is not there, or not whole', async () => {
    await refused(join(folder, 'none'), /none: no such file or folder; an encoder is a folder/);
    await refused('hf:owner', /hf:owner: not an encoder on the hub; give hf:owner\/name/);
    const empty = copyOf('vit');
    rmSync(join(empty, 'model.safetensors'));
    await refused(empty, /: no model\.safetensors there$/);
    writeFileSync(join(empty, 'model.safetensors.index.json'), '{}');
    await refused(empty, /index\.json: no index of weights \(weight_map\)$/);
    const alone = copyOf('vit');
    rmSync(join(alone, 'config.json'));
    await refused(join(alone, 'model.safetensors'), /config\.json is missing beside it/);
    const cut = copyOf('vit');
    const file = join(cut, 'model.safetensors');
    writeFileSync(file, readFileSync(file).subarray(0, 9000));
    await refused(cut, /model\.safetensors: not a safetensors file .* is cut off\)/);
    writeFileSync(file, 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9000\n');
    await refused(cut, /\(a pointer of Git LFS, not the file itself: fetch it with git lfs pull\)$/);
  });

  test('a pickle, as a file or in a folder, with how to convert it', async () => {
    const pickled = copyOf('vit');
    rmSync(join(pickled, 'model.safetensors'));
    for (const name of ['pytorch_model.bin', 'checkpoint.pth', 'encoder.pt']) {
      writeFileSync(join(pickled, name), 'x');
      await refused(
        join(pickled, name),
        /a pickle can run any code .* convert it with Python: safetensors\.torch\.save_file\(torch\.load\('/,
      );
      await refused(pickled, /a pickle can run any code/);
    }
  });

  test('of another kind', async () => {
    await refused(
      withSettings('vit', { model_type: 'swin' }),
      /another kind \(swin\); read are transformers' ijepa, vit/,
    );
    const other = copyOf('vit');
    writeFileSync(join(other, 'config.json'), '{"model_type": "resnet"}');
    await refused(other, /another kind \(resnet\)/);
    writeFileSync(join(other, 'config.json'), '{"image": {"size": 32}}');
    await refused(
      other,
      /names neither a model_type.* nor an architecture.*; a run of iwm is begun from with --from$/,
    );
    await refused(withSettings('timm-vit', { architecture: 'resnet50' }), /another kind \(resnet50\)/);
    await refused(withSettings('vit', { hidden_act: 'quick_gelu' }), /hidden_act is quick_gelu; only gelu/);
    await refused(withSettings('vit', { num_attention_heads: 'two' }), /config\.json: num_attention_heads: /);
    await refused(
      withSettings('timm-vit', { architecture: 'vit_odd_patch4', model_args: {} }),
      /how many heads vit_odd_patch4 has is not known; write "model_args"/,
    );
    await refused(
      withSettings('vit', { rescale_factor: 1 }, 'preprocessor_config.json'),
      /pixels are not scaled to 0 … 1/,
    );
  });

  test('with missing, extra or misshapen tensors, each by name', async () => {
    const layer = 'vit.encoder.layer.1';
    await refused(
      withTensors('vit', (tensors) => {
        tensors.delete(`${layer}.attention.attention.key.bias`);
        tensors.delete('vit.layernorm.weight');
        tensors.set('adapter.weight', { shape: [1], data: Float32Array.of(1) });
        tensors.set(`${layer}.layernorm_after.weight`, { shape: [3], data: new Float32Array(3) });
      }),
      /missing: blocks\.1\.attn\.qkv\.bias, norm\.weight; not part of the model: .*adapter\.weight.*; of another shape: blocks\.1\.norm2\.weight is \[3\], not \[16\]/,
    );
    const without = (name: string) => withTensors('dinov2', (tensors) => void tensors.delete(name));
    await refused(without('embeddings.position_embeddings'), /no learned positions there/);
    await refused(
      without('embeddings.patch_embeddings.projection.weight'),
      /no map of square colour patches/,
    );
    await refused(without('encoder.layer.0.mlp.fc1.weight'), /no blocks of attention and MLP/);
    await refused(
      withTensors('dinov2', (tensors) => {
        tensors.set('encoder.layer.0.mlp.weights_in.weight', { shape: [1], data: Float32Array.of(1) });
        tensors.delete('encoder.layer.0.mlp.fc1.weight');
      }),
      /its MLPs are SwiGLU \(mlp\.weights_in\), which is not computed here$/,
    );
    await refused(
      withTensors('ijepa', (tensors) =>
        tensors.set('embeddings.position_embeddings', { shape: [1, 8, 16], data: new Float32Array(128) }),
      ),
      /8 positions are not those of a square of patches/,
    );
  });

  test('with settings that it cannot have, and sizes that its patches do not divide', async () => {
    const { config } = await use(fixture('dinov2'), { 'encoder.depth': 2, 'encoder.trained': 'last:1' });
    assert.equal(config.encoder.trained, 'last:1');
    for (const [key, value, own] of [
      ['encoder.depth', 3, 2],
      ['encoder.classToken', false, true],
      ['image.patch', 2, 4],
    ] as const)
      await refused(
        fixture('dinov2'),
        new RegExp(`^${key} ${value}: of the encoder that is given it is ${own}; leave it out$`),
        { [key]: value },
      );
    await refused(fixture('dinov2'), /image\.size 14 is not divisible by image\.patch 4/, {
      'image.size': 14,
    });
    await refused(fixture('dinov2'), /encoder\.trained last:3 is more than its 2 blocks/, {
      'encoder.trained': 'last:3',
    });
  });
});

test('weights in several files are those of one; a file that is missing or cut off is named', async () => {
  const sharded = copyOf('dinov2');
  const file = join(sharded, 'model.safetensors');
  const { tensors, metadata } = readSafetensors(file);
  const shards = [1, 2, 3].map((i) => `model-0000${i}-of-00003.safetensors`);
  const names = [...tensors.keys()];
  const weight_map = Object.fromEntries(names.map((name, i) => [name, shards[i % 3]]));
  for (const shard of shards) {
    const own = new Map([...tensors].filter(([name]) => weight_map[name] === shard));
    writeSafetensors(join(sharded, shard), { tensors: own, metadata });
  }
  rmSync(file);
  const index = `${file}.index.json`;
  writeFileSync(index, JSON.stringify({ metadata: { total_size: 1 }, weight_map }));
  const { weights, config } = await use(sharded);
  assert.deepEqual(weights, (await use(fixture('dinov2'))).weights);
  assert.equal((await use(index)).config.encoder.source?.sha256, config.encoder.source?.sha256);

  const second = join(sharded, shards[1]!);
  const bytes = readFileSync(second);
  writeFileSync(second, bytes.subarray(0, -4));
  await refused(sharded, /model-00002-of-00003\.safetensors: not a safetensors file .* is cut off\)$/);
  rmSync(second);
  await refused(sharded, /index\.json: missing beside it: model-00002-of-00003\.safetensors$/);
});

test('sizes, epsilon, colours and images are those that its files tell', async () => {
  const { config, notes } = await use(fixture('dinov2_with_registers'));
  const { source, ...encoder } = config.encoder;
  assert.deepEqual(encoder, {
    depth: 2,
    width: 16,
    heads: 2,
    hidden: 32,
    classToken: true,
    registers: 3,
    positions: 'learned',
    layerScale: true,
    epsilon: 1e-6,
    trained: 'none',
  });
  assert.match(source?.sha256 ?? '', /^[\da-f]{64}$/);
  assert.deepEqual(config.image, { stored: 14, size: 12, patch: 4 });
  assert.deepEqual(config.normalisation, { mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] });
  assert.deepEqual(notes, [
    `${fixture('dinov2_with_registers')}: left out, as not of the encoder: embeddings.mask_token`,
  ]);
  assert.equal((await use(fixture('ijepa'))).config.encoder.hidden, 40);
  const timm = await use(fixture('timm-vit'), { 'normalisation.mean': [0, 0, 0], 'image.size': 24 });
  assert.deepEqual(timm.config.normalisation, { mean: [0, 0, 0], std: [0.5, 0.5, 0.5] });
  assert.deepEqual(timm.config.image, { stored: 27, size: 24, patch: 4 });
});

test('a file is read as its folder; weights in half precision are widened, which is said', async () => {
  const whole = await use(join(fixture('timm-vit'), 'model.safetensors'));
  assert.deepEqual(whole.weights, (await use(fixture('timm-vit'))).weights);
  const halved = copyOf('timm-vit');
  const file = join(halved, 'model.safetensors');
  // What is left of float32 when the lower half of its bits is cut off is bfloat16.
  const { tensors } = readSafetensors(file);
  let offset = 0;
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  for (const [name, { shape, data }] of tensors) {
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
    const upper = Uint16Array.from(bits, (each) => each >>> 16);
    header[name] = { dtype: 'BF16', shape, data_offsets: [offset, offset + upper.byteLength] };
    offset += upper.byteLength;
    parts.push(new Uint8Array(upper.buffer));
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(file, Buffer.concat([length, json, ...parts]));
  const { weights, notes } = await use(halved);
  assert.match(notes[0] ?? '', /weights of type BF16; they are kept and computed in float32/);
  for (const [group, numbers] of Object.entries(whole.weights))
    numbers.forEach((value, i) => {
      assert.ok(Math.abs(value - weights[group]![i]!) <= 2 ** -6, `${group} ${i}`);
    });
});
