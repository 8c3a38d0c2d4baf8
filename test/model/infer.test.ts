import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openImages } from '../../src/data/images.js';
import type { Retrieval } from '../../src/evaluate/retrieval.js';
import { actionPrior } from '../../src/model/action-prior.js';
import { random } from '../../src/random.js';
import { resolve } from '../../src/run/config.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { WorldModel } from '../../src/verbs/world-model.js';
import { type Action, paperAugmentation } from '../../src/world-model/index.js';
import { tiny } from '../train/tiny-run.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-infer-'));
let model: WorldModel;
let image: Float32Array;
before(async () => {
  await pretrain(resolve('demo', { ...tiny, steps: 150, 'optimiser.learningRate': 4e-3 }), {
    out: join(folder, 'run'),
  });
  model = await WorldModel.load(join(folder, 'run'));
  const images = await openImages(['synthetic:1'], { size: 16 });
  image = await images.batch([0]);
  await images.close();
});
after(() => {
  model.dispose();
  rmSync(folder, { recursive: true });
});

/** What an action really gives. */
async function given(action: Action): Promise<Float32Array> {
  const [{ wanted }] = (await model.retrieve(image, [action])) as [Retrieval];
  const plane = wanted.pixels.length / 3;
  return Float32Array.from(
    { length: 3 * plane },
    (_, i) => wanted.pixels[(i % plane) * 3 + Math.floor(i / plane)]! / 255,
  );
}

/** The squared error of a prediction. */
async function distance(action: Action, to: Float32Array): Promise<number> {
  const { data } = await model.predict(await model.encode(image), action);
  const wanted = await model.targets(to);
  const sum = data.reduce((total, value, i) => total + (value - wanted.data[i]!) ** 2, 0);
  return sum / data.length;
}

describe('the inferred action', () => {
  const really = { brightness: 0.5 };

  const prior = actionPrior(resolve('demo', tiny).augmentation, 511);
  /** Minus the logarithm of how likely it is: each of 16 patches one observation, then what training draws. */
  const cost = async (action: Action, to: Float32Array): Promise<number> => {
    const units = { brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 };
    const vector = Float32Array.from([
      ...Object.entries(units).map(([name, unit]) => (action[name as 'hue'] ?? 0) / unit),
      ...[action.grayscale, action.blur, action.solarize].map((flag) => (flag ? 1 : 0)),
    ]);
    return 8 * Math.log(await distance(action, to)) + prior.cost(vector);
  };

  test('is as near as it says, and likelier than the truth and than a hundred others', async () => {
    const to = await given(really);
    const shares: number[] = [];
    const found = await model.infer(image, to, (share) => shares.push(share));
    assert.equal(shares.at(-1), 1);
    const close = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-3 * b, `${a}, ${b}`);
    close(found.distance, await distance(found.action, to));
    close(found.nothing, await distance({}, to));
    close(found.runnerUp.distance, await distance(found.runnerUp.action, to));
    assert.ok(found.distance < found.nothing);
    const least = await cost(found.action, to);
    assert.ok(least <= (await cost(found.runnerUp.action, to)));
    const draw = random(5);
    for (let i = 0; i < 100; i++) {
      const other = {
        brightness: draw.between(-0.8, 0.8),
        contrast: draw.between(-0.8, 0.8),
        hue: draw.between(-0.2, 0.2),
      };
      assert.ok(least <= (await cost(i === 0 ? really : other, to)) + 1e-3, JSON.stringify(other));
    }
  });

  test('has a tolerance: a standard deviation, where it is less likely by ½', async () => {
    const to = await given(really);
    const { action, tolerance } = await model.infer(image, to);
    const off = tolerance.brightness!;
    const least = await cost(action, to);
    const rise = async (by: number) =>
      (await cost({ ...action, brightness: action.brightness! + by }, to)) - least;
    const [nearer, at] = [await rise(off / 2), Math.max(await rise(off), await rise(-off))];
    assert.ok(nearer < 0.4 && at > 0.4 && at < 0.65, `${off}: ${nearer}, ${at}`);
  });

  test('is no jitter that training does not draw', async () => {
    const { augmentation } = model.config;
    const jitter = { ...augmentation.jitter, hue: 0 };
    const { varied, cost: none } = actionPrior({ ...augmentation, jitter }, 50);
    assert.deepEqual(varied, [0, 1, 2]);
    assert.ok(Number.isFinite(none(new Float32Array(7))));
  });

  test('tells darker from brighter', async () => {
    const [dark, bright] = [await given({ brightness: -0.5 }), await given(really)];
    const [down, up] = [await model.infer(image, dark), await model.infer(image, bright)];
    assert.ok(
      down.action.brightness! < 0 && up.action.brightness! > 0,
      `${down.action.brightness}, ${up.action.brightness}`,
    );
  });
});

test('likely actions are those of training: deviations and shares as they follow from its settings', () => {
  const { cost, slope, draws } = actionPrior(paperAugmentation, 4000);
  assert.equal(draws.length, 4000);
  // A jitter goes from −1 to 1 in 8 of 10 views, so a difference of two has the variance 2 · .8 / 3.
  const deviation = Math.sqrt((2 * 0.8) / 3);
  const at = (place: number, value: number) => new Float32Array(7).map((_, i) => (i === place ? value : 0));
  const nothing = cost(new Float32Array(7));
  for (let place = 0; place < 4; place++) {
    assert.ok(Math.abs(cost(at(place, deviation)) - nothing - 0.5) < 0.03, `jitter ${place}`);
    assert.ok(Math.abs(slope(at(place, deviation), place) - 1 / deviation) < 0.1, `slope ${place}`);
  }
  // A fifth of the sources went through each.
  for (let place = 4; place < 7; place++)
    assert.ok(Math.abs(cost(at(place, 1)) - nothing - Math.log(4)) < 0.15, `flag ${place}`);
});
