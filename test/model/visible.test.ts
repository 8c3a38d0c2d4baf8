import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { TrainedModel } from '../../src/model/trained-model.js';
import { random } from '../../src/random.js';
import { resolve } from '../../src/run/config.js';
import { tiny, untrained } from '../train/tiny-run.js';

const config = resolve('demo', tiny);
const weights = untrained(config);
const model = new TrainedModel(config, createEngine({ threads: 1 }), weights);
after(() => model.dispose());
const { width } = config.encoder;
const draw = random(5);
const images = Float32Array.from({ length: 2 * 3 * 16 * 16 }, () => draw.next());
const everything = Array.from({ length: 16 }, (_, place) => place);

const furthest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), a.length === b.length ? 0 : Infinity);

/** Both images with every pixel of a patch (of 4 × 4 in a grid of 4) turned round. */
const changed = (place: number): Float32Array =>
  images.map((value, i) => {
    const [row, column] = [Math.floor((i % 256) / 16), i % 16];
    return Math.floor(row / 4) * 4 + Math.floor(column / 4) === place ? 1 - value : value;
  });

test('all patches named are all patches, in whatever order they are named', async () => {
  const whole = await model.encode(images);
  const turned = await model.encode(images, everything.toReversed());
  assert.deepEqual(turned.dims, whole.dims);
  const back = new Float32Array(whole.data.length);
  for (let token = 0; token < 32; token++) {
    const from = (token < 16 ? 15 : 47) - token;
    back.set(turned.data.subarray(from * width, (from + 1) * width), token * width);
  }
  assert.ok(furthest(back, whole.data) < 1e-4);
  const action = { brightness: 0.2, hue: -0.1 };
  const [expected, found] = [await model.predict(whole, action), await model.predict(turned, action)];
  assert.ok(furthest(found.data, expected.data) < 1e-4);
  assert.equal(found.visible, undefined);
});

test('what is hidden changes nothing; what is seen does; all patches are predicted', async () => {
  const visible = [1, 2, 7, 12];
  const predict = async (pixels: Float32Array) => {
    const latents = await model.encode(pixels, visible);
    assert.deepEqual(latents.dims, [2, 4, width]);
    return model.predict(latents, { contrast: 0.2 });
  };
  const own = await predict(images);
  // Of two blocks.
  assert.deepEqual(own.dims, [2, 16, 2 * width]);
  assert.equal(furthest((await predict(changed(6))).data, own.data), 0);
  assert.ok(furthest((await predict(changed(7))).data, own.data) > 1e-3);
});

test("a prediction can be predicted from: by its last block's latents, which come first", async () => {
  const once = await model.predict(await model.encode(images), { contrast: 0.2 });
  const first = once.data.filter((_, i) => i % (2 * width) < width);
  const twice = await model.predict(once, { hue: 0.05 });
  const expected = await model.predict({ data: first, dims: [2, 16, width] }, { hue: 0.05 });
  assert.deepEqual(twice, expected);
  await assert.rejects(
    model.predict({ data: first, dims: [1, 16, 2 * width + 1] }),
    /^UserError: latents of 65 features a patch; this model takes 32, or a prediction's 64$/,
  );
});

test('masks are drawn as in training: so many seen, so many predicted, some of them both, again the same', () => {
  const [one, again, other] = [model.drawMasks(3), model.drawMasks(3), model.drawMasks(4)];
  assert.deepEqual(one, again);
  assert.notDeepEqual(one, other);
  // Of those predicted six are masked, three seen.
  assert.deepEqual([one.visible.length, one.predicted.length], [6, 9]);
  assert.equal(new Set([...one.visible, ...one.predicted]).size, 12);
});

test('places that are none are refused', async () => {
  for (const visible of [[], [3, 3], [16], [-1], [0.5]])
    await assert.rejects(model.encode(images, visible), /^UserError: visible patches: .*0 to 15/);
});
