import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openEncoder } from '../../src/encoders/open-encoder.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { flatSpecs, unpack } from '../../src/nn/index.js';
import { adopt, modelConfig } from '../../src/run/config.js';
import { readSafetensors } from '../../src/run/disk/safetensors-file.js';
import { spec, type Tensor, trace } from '../../src/tensor/index.js';
import { type Encoder, encode, layouts } from '../../src/world-model/index.js';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/encoders/${name}`, import.meta.url));
const { tensors } = readSafetensors(fixture('latents.safetensors'));
const engine = createEngine();
after(() => engine.dispose());

/** Latents of the fixture's image of a size: all, those of a view that sees a part, and some of the whole. */
async function latentsOf(name: string, size: number) {
  const { settled, weights } = await openEncoder(fixture(name));
  const config = modelConfig(adopt('cifar', settled, { 'image.size': size })).encoder;
  const layout = layouts({
    encoder: config,
    predictor: { depth: 1, width: 4, heads: 1, conditioning: 'none' },
  }).encoder;
  const inputs = {
    images: spec([1, 3, size, size]),
    all: spec([1, (size / 4) ** 2], 'int32'),
    some: spec([1, 2], 'int32'),
    weights: flatSpecs(layout),
  };
  const program = trace('latents', inputs, (traced) => {
    const { images, all, some, weights } = traced as unknown as Record<string, Tensor> & { weights: never };
    const parameters = unpack(layout, weights) as Encoder<Tensor>;
    return {
      whole: encode(images!, parameters, config),
      seeingAll: encode(images!, parameters, config, all),
      wanted: encode(images!, parameters, config, undefined, some),
    };
  });
  const executable = await engine.compile(program);
  const results = await executable.run({
    images: tensors.get(`images.${size}`)!.data,
    all: Int32Array.from({ length: (size / 4) ** 2 }, (_, i) => i),
    some: Int32Array.of(3, 1),
    weights: weights(layout),
  } as never);
  const read = async (value: unknown) =>
    (await (value as { read(): Promise<unknown> }).read()) as Float32Array;
  const [whole, seeingAll, wanted] = await Promise.all(
    [results.whole, results.seeingAll, results.wanted].map(read),
  );
  return { whole: whole!, seeingAll: seeingAll!, wanted: wanted!, width: config.width };
}

/** How far numbers are from others, as a share of these. */
function apart(actual: Float32Array, wanted: Float32Array): number {
  assert.equal(actual.length, wanted.length);
  return Math.hypot(...actual.map((value, i) => value - wanted[i]!)) / Math.hypot(...wanted);
}

describe('latents are those of the original', () => {
  for (const name of ['ijepa', 'vit', 'dinov2', 'dinov2_with_registers', 'timm-vit', 'timm-dinov2'])
    for (const size of [12, 20, 8])
      test(`${name}, images of ${size} pixels`, async () => {
        const { whole, seeingAll, wanted, width } = await latentsOf(name, size);
        const truth = tensors.get(`${name}.${size}`)!.data;
        assert.ok(apart(whole, truth) < 1e-5, `off by ${apart(whole, truth)}`);
        assert.ok(apart(seeingAll, truth) < 1e-5);
        const chosen = [3, 1].flatMap((token) => [...truth.subarray(token * width, (token + 1) * width)]);
        assert.ok(apart(wanted, Float32Array.from(chosen)) < 1e-5);
      });
});
