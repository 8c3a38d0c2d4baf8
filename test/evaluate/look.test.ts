import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { Compiled } from '../../src/engine/index.js';
import { invert } from '../../src/evaluate/inversion.js';
import { latentColours } from '../../src/evaluate/latent-colours.js';
import { latentMaps } from '../../src/evaluate/latent-maps.js';
import { Retriever, type RgbImage, toRgb } from '../../src/evaluate/retrieval.js';
import { seenViews } from '../../src/evaluate/seen-views.js';
import { TrainedModel } from '../../src/model/trained-model.js';
import { random } from '../../src/random.js';
import { evaluatorConfig, resolve, viewsConfig } from '../../src/run/config.js';
import { actionVector, describeAction, identityParameters, readAction } from '../../src/world-model/index.js';
import { tiny, untrained } from '../train/tiny-run.js';

const config = resolve('demo', tiny);
const weights = untrained(config);
const model = new TrainedModel(config, createEngine({ threads: 1 }), weights);
const engine = createEngine({ threads: 1 });
after(() => {
  model.dispose();
  engine.dispose();
});
const draw = random(4);
const noise = (): Float32Array => Float32Array.from({ length: 3 * 16 * 16 }, () => draw.next());
const compiled = new Compiled(engine);
const settings = evaluatorConfig(config);
const open = (image: Float32Array) => Retriever.open(compiled, settings, weights, image);

function assertClose(found: Uint8Array, expected: ArrayLike<number>, most: number): void {
  assert.equal(found.length, expected.length);
  for (const [i, value] of found.entries())
    assert.ok(Math.abs(value - expected[i]!) <= most, `${i}: ${value}, not ${expected[i]}`);
}

test('components of known axes are red, green and blue, full at 2.2 deviations', () => {
  const axes = [
    [0.6, 0.8, 0, 0],
    [-0.8, 0.6, 0, 0],
    [0, 0, 1, 0],
  ];
  const deviations = [4, 2, 1];
  // Every combination of signs: uncorrelated, each of its deviation.
  const signs = Array.from({ length: 8 }, (_, i) => [0, 1, 2].map((bit) => ((i >> bit) & 1 ? 1 : -1)));
  const at = (scores: readonly number[]): number[] =>
    [5, -3, 2, 1].map((mean, i) => mean + scores.reduce((sum, score, k) => sum + score * axes[k]![i]!, 0));
  const rows = signs.flatMap((sign) => at(sign.map((one, k) => one * deviations[k]!)));
  const colours = (...scores: readonly number[]) =>
    [...latentColours(Float32Array.from(rows), 4)(Float32Array.from(at(scores)))].map((value) => value - 128);
  const near = (found: readonly number[], expected: readonly number[]): void =>
    // Which end of an axis is bright is arbitrary.
    found.forEach((value, i) => {
      assert.ok(Math.abs(Math.abs(value) - expected[i]!) <= 1, `${found}`);
    });
  near(colours(0, 0, 0), [0, 0, 0]);
  near(colours(4, 0, 0), [127.5 / 2.2, 0, 0]);
  near(colours(0, -2, 0), [0, 127.5 / 2.2, 0]);
  near(colours(0, 0, -9), [0, 0, 127.5]);
});

test('the views are those of training: whole where nothing is cropped, grey where that is drawn', async () => {
  const image = noise();
  const { augmentation } = config;
  const views = {
    ...viewsConfig(config),
    augmentation: {
      ...augmentation,
      jitter: { ...augmentation.jitter, probability: 0 },
      grayscale: 1,
      blur: { ...augmentation.blur, probability: 0 },
      solarize: 0,
      crop: { scale: [1, 1] as const, ratio: [1, 1] as const, flip: 0 },
    },
  };
  const seen = await seenViews(new Compiled(engine), views, image, 0, 7);
  assertClose(seen.target.pixels, toRgb(image, 16).pixels, 1);
  const grey = Array.from(
    { length: 256 },
    (_, i) => 255 * (0.299 * image[i]! + 0.587 * image[256 + i]! + 0.114 * image[512 + i]!),
  );
  assertClose(
    seen.source.pixels,
    grey.flatMap((value) => [value, value, value]),
    1,
  );
  assert.equal(describeAction(seen.action), 'undo grayscale');
  assert.deepEqual([seen.visible.length, seen.predicted.length], [6, 9]);
});

test('an inversion shows what is left of the image, and only what training draws is inverted', async () => {
  const image = noise();
  const { augmentation } = config;
  const some = await invert(await open(image), { ...augmentation, grayscale: 0 });
  assert.deepEqual(
    some.map(({ name }) => name),
    ['blur', 'solarize'],
  );
  const [, solarized] = some;
  const left = image.map((value) => (value >= 0.5 ? 1 - value : value));
  assertClose(solarized!.seen.pixels, toRgb(left, 16).pixels, 1);
  for (const { wanted, rank, bank } of some) {
    assertClose(wanted.pixels, toRgb(image, 16).pixels, 1);
    assert.ok(bank === 257 && rank >= 1 && rank <= 257);
  }
});

test('maps of latents are those of the model, in the colours of all images together', async () => {
  const images = [noise(), noise()];
  const retrievers = await Promise.all(images.map(open));
  const maps = await latentMaps(retrievers, settings, 0);
  const { width } = config.encoder;
  const joined = (parts: readonly Float32Array[]) => Float32Array.from(parts.flatMap((part) => [...part]));
  const encoded = await Promise.all(
    images.map(async (image) => unit((await model.encode(image)).data, width)),
  );
  const planes = ({ pixels }: RgbImage) =>
    Float32Array.from({ length: 768 }, (_, i) => pixels[3 * (i % 256) + Math.floor(i / 256)]! / 255);
  const wanted = await Promise.all(
    maps.map(async (map) => unit((await model.targets(planes(map.wanted))).data, 2 * width)),
  );
  const given = latentColours(joined(encoded), width);
  const asked = latentColours(joined(wanted), 2 * width);
  for (const [i, { image, before, predicted, after: should, action }] of maps.entries()) {
    assert.equal(predicted.size, 4);
    assertClose(image.pixels, toRgb(images[i]!, 16).pixels, 1);
    assertClose(before.pixels, given(encoded[i]!), 1);
    // From the picture's bytes, so roughly.
    assertClose(should.pixels, asked(wanted[i]!), 12);
    const said = await model.predict(await model.encode(images[i]!), action);
    assertClose(predicted.pixels, asked(lengthOne(said.data, 2 * width)), 12);
  }
});

const eachToken = (latents: Float32Array, width: number, of: (token: Float32Array) => Float32Array) =>
  Float32Array.from(
    Array.from({ length: latents.length / width }, (_, i) => [
      ...of(latents.subarray(i * width, (i + 1) * width)),
    ]).flat(),
  );
const lengthOne = (latents: Float32Array, width: number) =>
  eachToken(latents, width, (token) => token.map((value) => value / Math.hypot(...token)));
/** Each token of mean 0 and length 1. */
const unit = (latents: Float32Array, width: number) =>
  lengthOne(
    eachToken(latents, width, (token) => {
      const mean = token.reduce((a, b) => a + b, 0) / width;
      return token.map((value) => value - mean);
    }),
    width,
  );

test('an action is read back from its vector, and is told in words', () => {
  const source = { ...identityParameters, brightness: 1.25, blur: 0.7 };
  const target = { ...identityParameters, brightness: 0.5, hue: 0.125 };
  const action = readAction(actionVector(source, target));
  const expected = { brightness: -0.75, contrast: 0, saturation: 0, hue: 0.125, blur: 1 };
  assert.deepEqual(Object.keys(action), Object.keys(expected));
  for (const [name, value] of Object.entries(expected))
    assert.ok(Math.abs(action[name as 'hue']! - value) < 1e-6, name);
  assert.equal(describeAction(action), 'brightness −0.75, hue +0.13, undo blur');
  assert.equal(describeAction({}), 'nothing changes');
});
