// An adapted model's export answers as the model does, also through transformers.js: its encoder one of ours, or an ONNX
// model that PyTorch has exported (test/oracle/onnx-encoder.py), in an operator set that is older than ours.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AdaptedModel } from '../../src/adapt/model/adapted-model.js';
import { readImages, readWhole } from '../../src/data/image-files.js';
import { openEncoder } from '../../src/encoders/open-encoder.js';
import { exportModel } from '../../src/export/export-model.js';
import { adopt } from '../../src/run/config.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { drawStreets, HEIGHT, IGNORED, classes as things, WIDTH } from '../adapt/tiny-streets.js';
import { paintWorld, pretrainTiny, quickly } from '../adapt/tiny-world.js';
import { close, normalised, runOnnx } from './run-onnx.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-export-adapted-'));
const images = join(folder, 'images');
const streets = join(folder, 'streets');

before(async () => {
  await paintWorld(images, 12, 4);
  await drawStreets(streets, 8, 4);
});
after(() => rmSync(folder, { recursive: true }));

/** A run on the images whose encoder is an ONNX model. */
async function pretrainOnProgram(run: string): Promise<void> {
  const { settled } = await openEncoder(fileURLToPath(new URL('../fixtures/onnx-encoder', import.meta.url)));
  const settings = { data: [images], 'image.stored': 32, 'predictor.depth': 2, batch: 16, steps: 4 };
  await pretrain(adopt('demo', settled, settings), { out: run, threads: 1 });
}

const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));

function softmax(logits: Float32Array): number[] {
  const all = [...logits].map((value) => Math.exp(value - Math.max(...logits)));
  const sum = all.reduce((a, b) => a + b);
  return all.map((value) => value / sum);
}

for (const { kind, side, begin, files } of [
  {
    kind: 'our encoder',
    side: 16,
    begin: (run: string) => pretrainTiny(images, run),
    files: /model\.onnx` \| 0\.\d MiB \| 0 \| 100\.0 % \|/,
  },
  {
    kind: 'an ONNX model',
    side: 32,
    begin: pretrainOnProgram,
    files: /`onnx\/model\.onnx`: the encoder, from \S+onnx-encoder, with its nodes and weights as they came/,
  },
])
  describe(kind, () => {
    const run = join(folder, kind);
    const models = `${run}, adapted`;
    const adapted = quickly(run, images, models);
    before(() => begin(run));

    /** Adapts, exports, and opens the model. */
    async function exported(name: string, choices: Parameters<typeof adapted>[1], more = {}) {
      await adapted(name, choices, more);
      const out = join(models, `${name}-out`);
      await exportModel(join(models, name), { out, threads: 1 });
      return { out, model: await AdaptedModel.load(join(models, name), { threads: 1 }) };
    }

    /** Logits of an image by the graph in an export's folder. */
    async function logitsOf(out: string, pixels: Float32Array) {
      const values = normalised(pixels, json(out, 'preprocessor_config.json'), side);
      const { logits } = await runOnnx(join(out, 'onnx', 'model.onnx'), {
        pixel_values: [values, [1, 3, side, side]],
      });
      return logits!;
    }

    test('a classifier, its predictor in the graph, in ONNX Runtime and in transformers.js', async () => {
      const { out, model } = await exported('kinds', {});
      const file = join(images, 'validation', 'right', '1.png');
      const pixels = await readImages([file], model);
      const { classes, probabilities } = await model.classify(pixels);
      const { data } = await logitsOf(out, pixels);
      close(softmax(data), probabilities, 1e-5);
      assert.deepEqual(json(out, 'config.json').id2label, { ...classes });

      const { env, pipeline } = await import('@huggingface/transformers');
      env.allowRemoteModels = false;
      const classify = await pipeline('image-classification', out, { dtype: 'fp32' });
      const told = (await classify(file, { top_k: 4 })) as { label: string; score: number }[];
      assert.equal(told.length, classes.length);
      for (const { label, score } of told)
        assert.ok(Math.abs(score - probabilities[classes.indexOf(label)]!) < 1e-5, label);
      await classify.dispose();
      const card = readFileSync(join(out, 'README.md'), 'utf8');
      assert.match(card, /Classifies images: bottom, left, right, top\. Learned from 40 images/);
      assert.match(card, files);
      assert.match(
        card,
        /npx iwm adapt '.*' --task classification=classification --data \S+ .*--set epochs=2/,
      );
      assert.match(card, /npx iwm export '.*, adapted\/kinds' --out '.*kinds-out'\n/);
      model.dispose();
    });

    test('a segmenter, its predictor asked every second patch, never tells the ignored class', async () => {
      const { out, model } = await exported(
        'streets-model',
        { data: [streets], task: 'segmentation' },
        { 'predictor.stride': 2, limit: 8 },
      );
      const file = join(streets, 'images', 'val', '0.png');
      const { pixels } = await readWhole(file, side);
      const { data, dims } = await logitsOf(out, pixels);
      assert.deepEqual(dims, [1, things.length, side, side]);
      const plane = side ** 2;
      const told = Uint8Array.from({ length: plane }, (_, pixel) => {
        const own = things.map((_, i) => data[i * plane + pixel]!);
        return own.indexOf(Math.max(...own));
      });
      const { masks } = await model.segment(pixels);
      assert.deepEqual(told, masks);
      assert.equal(told.includes(IGNORED), false);

      const { env, pipeline } = await import('@huggingface/transformers');
      env.allowRemoteModels = false;
      const segment = await pipeline('image-segmentation', out, { dtype: 'fp32' });
      const parts = (await segment(file)) as { label: string; mask: { data: Uint8Array } }[];
      const own = (await model.segment(pixels, { height: HEIGHT, width: WIDTH })).masks;
      let same = 0;
      for (const { label, mask } of parts)
        mask.data.forEach((value, pixel) => {
          if (value > 0 && own[pixel] === things.indexOf(label)) same++;
        });
      // Theirs brings logits of the square to the image's size, ours those of the patches.
      assert.ok(same > 0.95 * WIDTH * HEIGHT, `${same} of ${WIDTH * HEIGHT}`);
      await segment.dispose();
      model.dispose();
    });

    test('several tasks: each in a folder of its name, with its own token', async () => {
      const { out, model } = await exported('both', {
        tasks: [
          { name: 'kind', task: 'classification', data: [images] },
          { name: 'turn', task: 'rotation', data: [images] },
        ],
      });
      assert.deepEqual(readdirSync(out).sort(), ['kind', 'turn']);
      const pixels = await readImages([join(images, 'validation', 'top', '0.png')], model);
      for (const task of ['kind', 'turn']) {
        const { data } = await logitsOf(join(out, task), pixels);
        const { probabilities } = await model.classify(pixels, task);
        close(softmax(data), probabilities, 1e-5, task);
      }
      model.dispose();
    });

    test('a linear head on the encoder alone', async () => {
      const { out, model } = await exported('linear', { tune: 'head', head: 'linear' });
      const pixels = await readImages([join(images, 'validation', 'left', '2.png')], model);
      const { data } = await logitsOf(out, pixels);
      close(softmax(data), (await model.classify(pixels)).probabilities, 1e-5);
      model.dispose();
    });
  });
