import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { random } from '../../src/random.js';
import { modelConfig, resolve } from '../../src/run/config.js';
import { loadModel } from '../../src/run/disk/model-file.js';
import { readSafetensors, writeSafetensors } from '../../src/run/disk/safetensors-file.js';
import { evaluateRun } from '../../src/verbs/evaluate-run.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { layouts } from '../../src/world-model/index.js';
import { tiny } from '../train/tiny-run.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-kept-measurements-'));
after(() => rmSync(folder, { recursive: true }));
const [run, data] = [join(folder, 'run'), join(folder, 'data')];
const config = resolve('demo', { ...tiny, data: [data], steps: 1 });
const draw = random(51);

async function paint(path: string): Promise<void> {
  const pixels = Uint8Array.from({ length: 16 * 16 * 3 }, () => draw.integer(256));
  await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
    .png()
    .toFile(path);
}

before(async () => {
  for (const name of ['a', 'b']) {
    mkdirSync(join(data, name), { recursive: true });
    for (let i = 0; i < 50; i++) await paint(join(data, name, `${i}.png`));
  }
  await pretrain(config, { out: run });
});

/** An evaluation, and what it computed features or ranks of. */
async function evaluate() {
  const lines: string[] = [];
  const log = { progress: (line: string) => lines.push(line), note: (line: string) => lines.push(line) };
  const evaluation = JSON.stringify(await evaluateRun(run, { images: 2, log }));
  const computed = new Set(lines.flatMap((line) => /^(features|MRR)[^:]*/.exec(line)?.[0] ?? []));
  return { evaluation, computed: [...computed], lines };
}
const jitters = ['brightness', 'contrast', 'saturation', 'hue'].map((name) => `MRR with only ${name} varied`);
const all = ['features of the k-NN bank', 'features of the images', 'MRR', ...jitters];
const files = (): string[] => readdirSync(join(run, 'measured'));

test('a second evaluation takes what is kept, and is equal to the bit', async () => {
  const first = await evaluate();
  assert.deepEqual(first.computed, all);
  assert.equal(files().length, all.length);
  const second = await evaluate();
  assert.deepEqual(second.computed, []);
  assert.equal(second.evaluation, first.evaluation);
});

test('a damaged file is told, computed anew and replaced', async () => {
  const { evaluation } = await evaluate();
  for (const name of files()) {
    const path = join(run, 'measured', name);
    const bytes = readFileSync(path);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path, bytes);
  }
  const again = await evaluate();
  assert.deepEqual(again.computed, all);
  assert.equal(again.evaluation, evaluation);
  assert.equal(
    again.lines.filter((line) => /its numbers have changed; computed anew$/.test(line)).length,
    all.length,
  );
  assert.deepEqual((await evaluate()).computed, []);
});

test('a changed pixel is another bank', async () => {
  await evaluate();
  // Of a hundred images five are held out: one of these is in the bank.
  const before = files().length;
  for (let i = 0; i < 6; i++) await paint(join(data, 'a', `${i}.png`));
  assert.ok((await evaluate()).computed.includes('features of the k-NN bank'));
  assert.ok(files().length > before);
});

test('a changed weight of the target encoder is another model', async () => {
  await evaluate();
  const path = join(run, 'model.safetensors');
  const { tensors, metadata } = readSafetensors(path);
  const before = loadModel(run, layouts(modelConfig(config)));
  const [name] = [...tensors.keys()].filter((each) => each.startsWith('target_encoder.'));
  tensors.get(name!)!.data[0]! += 0.125;
  writeSafetensors(path, { tensors, metadata });
  assert.notDeepEqual(loadModel(run, layouts(modelConfig(config))).target, before.target);
  assert.deepEqual((await evaluate()).computed, all);
});
