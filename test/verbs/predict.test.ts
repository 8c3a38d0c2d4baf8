import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { openImages } from '../../src/data/images.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { Compiled } from '../../src/engine/index.js';
import { bankParameters } from '../../src/evaluate/bank.js';
import { allNames } from '../../src/evaluate/programs.js';
import { render } from '../../src/evaluate/retrieval.js';
import { evaluatorConfig, resolve } from '../../src/run/config.js';
import { predictImage } from '../../src/verbs/predict.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { WorldModel } from '../../src/verbs/world-model.js';
import { type Action, applyAction } from '../../src/world-model/index.js';
import { tiny } from '../train/tiny-run.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-predict-'));
after(() => rmSync(folder, { recursive: true }));
const config = resolve('demo', { ...tiny, steps: 6 });
const run = join(folder, 'run');
let pixels: Float32Array;

before(async () => {
  await pretrain(config, { out: run });
  const images = await openImages(['synthetic:1'], { size: 16 });
  pixels = await images.batch([0]);
  await images.close();
});

/** Tokens [n × N, D] with mean 0 and length 1: the cosine between standardised ones is that between these. */
function centred(data: Float32Array, width: number): Float32Array[] {
  return Array.from({ length: data.length / width }, (_, token) => {
    const row = data.slice(token * width, (token + 1) * width);
    const mean = row.reduce((a, b) => a + b, 0) / width;
    return row.map((value) => value - mean);
  });
}

const cosine = (a: Float32Array, b: Float32Array): number => {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

/** The rank of what the action gives, the slow way: one image after the other, by the model's own encoder and predictor. */
async function slowRank(model: WorldModel, action: Action, visible?: readonly number[]): Promise<number> {
  const { source, target } = applyAction(action);
  const engine = createEngine({ threads: 1 });
  const compiled = new Compiled(engine);
  const settings = evaluatorConfig(config);
  const { width } = config.encoder;
  const seen = await render(compiled, settings, pixels, source, allNames);
  const { data } = await model.predict(await model.encode(seen, 'encoder', visible), action);
  const answer = Array.from({ length: data.length / width }, (_, i) =>
    data.slice(i * width, (i + 1) * width),
  );
  const closeness: number[] = [];
  for (const view of [target, ...bankParameters(settings.augmentation, 256, 0, 0)]) {
    const version = await render(compiled, settings, pixels, view);
    const tokens = centred((await model.targets(version)).data, width);
    closeness.push(tokens.reduce((sum, token, i) => sum + cosine(token, answer[i]!), 0) / tokens.length);
  }
  engine.dispose();
  return closeness.filter((value) => value >= closeness[0]!).length;
}

test('retrieval ranks as one image after the other does, from the image, what was destroyed of it, and a part', async () => {
  const model = await WorldModel.load(run);
  const shares: number[] = [];
  const kept = await model.retriever(pixels, (share) => shares.push(share));
  assert.equal(shares.at(-1), 1);
  for (const action of [{}, { brightness: 0.3, hue: -0.1 }, { grayscale: 1, contrast: -0.2 }, { blur: 1 }]) {
    const [found] = await model.retrieve(pixels, [action]);
    assert.equal(found!.bank, 257);
    assert.equal(found!.rank, await slowRank(model, action), JSON.stringify(action));
    // What was asked before, of what was destroyed before, leaves no trace.
    const [again] = await kept.retrieve([action]);
    assert.deepEqual(again, (await (await model.retriever(pixels)).retrieve([action]))[0]);
    assert.equal(again!.rank, found!.rank);
  }
  const [action, visible] = [{ saturation: 0.3, grayscale: 1 }, [14, 3, 2, 9, 5, 11]];
  const [found] = await kept.retrieve([action], visible);
  assert.equal(found!.rank, await slowRank(model, action, visible));
  assert.equal(found!.latents.seen.length, visible.length * config.encoder.width);
  assert.equal((await model.retrieve(pixels, [action], visible))[0]!.rank, found!.rank);
  model.dispose();
});

test('what an action gives is seen in the picture, and the image itself for no action', async () => {
  const model = await WorldModel.load(run);
  const [nothing, black] = await model.retrieve(pixels, [{}, { brightness: -1 }]);
  model.dispose();
  const bytes = Uint8Array.from({ length: 768 }, (_, i) =>
    Math.round(255 * pixels[(i % 3) * 256 + Math.floor(i / 3)]!),
  );
  assert.deepEqual(nothing!.wanted.pixels, bytes);
  assert.ok(black!.wanted.pixels.every((byte) => byte === 0));
});

test('the command: ranks, a picture, and a line for each mistake', async () => {
  const file = join(folder, 'image.png');
  await sharp(Buffer.alloc(20 * 30 * 3, 120), { raw: { width: 20, height: 30, channels: 3 } })
    .png()
    .toFile(file);
  const out = join(folder, 'picture.png');
  const { predictions } = await predictImage(run, file, { sweep: 'hue', out });
  assert.deepEqual(
    predictions.map(({ action }) => Math.round(1000 * action.hue!)),
    [-100, -67, -33, 0, 33, 67, 100],
  );
  const { width, height } = await sharp(out).metadata();
  assert.deepEqual([width, height], [8 * 136, 2 * 136]);
  await assert.rejects(predictImage(run, file, { sweep: 'blur' }), /no jitter "blur"; there are brightness/);
  await assert.rejects(predictImage(run, file, { sweep: 'hue', action: { hue: 0.1 } }), /give one of them/);
  await assert.rejects(predictImage(run, file, { action: { hue: 2 } }), /hue is 2; it must be between/);
  writeFileSync(file, 'none');
  await assert.rejects(predictImage(run, file), /image\.png: not a readable image/);
});
