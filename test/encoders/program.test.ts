import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openEncoder } from '../../src/encoders/open-encoder.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { createEvaluator } from '../../src/evaluate/evaluator.js';
import { TrainedModel } from '../../src/model/trained-model.js';
import { initialise } from '../../src/nn/index.js';
import { random } from '../../src/random.js';
import { adopt, evaluatorConfig, modelConfig } from '../../src/run/config.js';
import { demands } from '../../src/train/estimate.js';
import { stepConfig, traceStep } from '../../src/train/step.js';
import { layouts } from '../../src/world-model/index.js';
import { drawn, drawnNormalisation, drawnWeights, drawOnnx, writeLayout } from './draw-encoder.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-program-'));
after(() => rmSync(folder, { recursive: true }));
const model = drawOnnx();
let sha256: string;
before(() => {
  sha256 = writeLayout(folder, model);
});

const settings = { batch: 4, 'image.stored': 32, 'predictor.depth': 1 };
const adopted = async (size?: number) => adopt('demo', (await openEncoder(folder, size)).settled, settings);

test('sizes, normalisation, prefix tokens and what it takes come from its files and its shapes', async () => {
  const { encoder, image, normalisation, masks } = await adopted();
  assert.deepEqual(encoder.source, { name: folder, sha256 });
  const { multiplyAdds, parameters, ...found } = encoder.program ?? assert.fail('no program');
  assert.deepEqual(found, { output: 'last_hidden_state', sees: 'whole image', prefix: 1 });
  assert.deepEqual([encoder.width, encoder.depth, encoder.heads, encoder.trained], [32, 1, 2, 'none']);
  assert.deepEqual([image.size, image.patch], [32, 8]);
  assert.deepEqual(normalisation, drawnNormalisation);
  assert.ok(masks.visible + masks.predicted <= 16);
  // 12 D² + 2 N D a token of a block, and a patch's embedding; all positions and biases are among its numbers.
  const [width, tokens] = [drawn.width, 17];
  const exact = tokens * (12 * width ** 2 + 2 * tokens * width) + 16 * 3 * 64 * width;
  assert.ok(Math.abs(multiplyAdds / exact - 1) < 0.06, `${multiplyAdds} against ${exact}`);
  assert.ok(parameters > 12 * width ** 2);
});

const exported = fileURLToPath(new URL('../fixtures/onnx-encoder', import.meta.url));
/** What PyTorch gives of {@link pixelsOf} by the size of the image. */
const expected = JSON.parse(readFileSync(join(exported, 'latents.json'), 'utf8')) as Record<string, number[]>;
const pixelsOf = (size: number) =>
  Float32Array.from({ length: 3 * size ** 2 }, (_, i) => ((i * 7) % 256) / 255);

/** Latents of an image by one of PyTorch's files, by which a run is configured. */
async function latentsBy(file: string, size: number): Promise<Float32Array> {
  const { settled, models } = await openEncoder(join(exported, 'onnx', file), size);
  const { program } = settled.encoder;
  assert.deepEqual([program?.output, program?.prefix, settled.image.patch], ['last_hidden_state', 1, 8]);
  const config = adopt('demo', settled, { 'image.size': size });
  const engine = createEngine({ threads: 1, models });
  const predictor = initialise(layouts(modelConfig(config)).predictor, 1, 1);
  const model = new TrainedModel(config, engine, { encoder: {}, target: {}, predictor });
  const { data } = await model.encode(pixelsOf(size));
  engine.dispose();
  return data;
}

test('latents of what PyTorch exports are those of PyTorch, at its own size and at another', async () => {
  for (const size of [32, 24]) {
    const data = await latentsBy('model.onnx', size);
    const right = expected[size] as number[];
    assert.equal(data.length, right.length);
    const most = Math.max(...right.map(Math.abs));
    for (const [i, value] of right.entries())
      assert.ok(Math.abs((data[i] as number) - value) < 1e-5 * most, `${size}: latent ${i}`);
  }
});

test('a file that is quantised, or in half precision inside, is run as it is, near what it was made of', async () => {
  const right = expected[32] as number[];
  for (const [file, far] of [
    ['model_quantized.onnx', 0.1],
    ['model_fp16.onnx', 0.005],
  ] as const) {
    const data = await latentsBy(file, 32);
    const apart = Math.hypot(...right.map((value, i) => (data[i] as number) - value)) / Math.hypot(...right);
    assert.ok(apart > 0 && apart < far, `${file}: ${apart}`);
  }
});

test('the same encoder as weights and as a program gives the same latents, features, R² and MRR', async () => {
  const asProgram = await adopted();
  const { program: _, source: __, ...same } = asProgram.encoder;
  const asWeights = { ...asProgram, encoder: { ...same, classToken: true, trained: 'all' } };
  const engine = createEngine({ threads: 1, models: { [sha256]: model } });
  const predictor = initialise(layouts(modelConfig(asWeights)).predictor, 1, 1);
  const draw = random(5);
  const images = Float32Array.from({ length: 40 * 3 * 32 * 32 }, () => draw.between(0, 1));
  const measured = [];
  for (const config of [asWeights, asProgram]) {
    const encoder = config === asProgram ? {} : drawnWeights;
    const weights = { encoder, predictor, target: encoder };
    const { data, dims } = await new TrainedModel(config, engine, weights).encode(images.subarray(0, 9216));
    const evaluator = await createEvaluator(engine, evaluatorConfig(config));
    const mrr = await evaluator.mrr(weights, images.subarray(0, 9216), { bank: 32, actions: 4, seed: 0 });
    const features = await evaluator.features(weights, images);
    const { brightness } = await evaluator.actionR2(weights, images, { seed: 0 });
    measured.push({ data, dims, mrr: mrr.value, features, r2: brightness?.value });
    await evaluator.dispose();
  }
  engine.dispose();
  const [own, foreign] = measured as [(typeof measured)[0], (typeof measured)[0]];
  assert.deepEqual(foreign.dims, [3, 16, 32]);
  assert.deepEqual(foreign.dims, own.dims);
  for (const what of ['data', 'features'] as const) {
    assert.equal(foreign[what].length, own[what].length);
    for (const [i, value] of own[what].entries())
      assert.ok(Math.abs((foreign[what][i] as number) - value) < 1e-5, `${what} ${i}`);
  }
  assert.ok(Math.abs(foreign.mrr - own.mrr) < 1e-6);
  assert.ok(Math.abs((foreign.r2 as number) - (own.r2 as number)) < 1e-3);
});

test('the estimate counts both views of every image through the encoder', async () => {
  const config = await adopted();
  const step = stepConfig(config);
  const all = demands(traceStep(step), step, 2 ** 40);
  const { program } = config.encoder;
  const without = stepConfig({
    ...config,
    encoder: { ...config.encoder, program: { ...(program as NonNullable<typeof program>), multiplyAdds: 0 } },
  });
  const { multiplyAdds } = demands(traceStep(without), without, 2 ** 40);
  assert.equal(all.multiplyAdds - multiplyAdds, 2 * config.batch * (program?.multiplyAdds as number));
  assert.equal(all.encoderParameters, program?.parameters);
});
