import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { spec, trace } from '../../src/tensor/index.js';
import { actionNames } from '../../src/world-model/action.js';
import { resizeMatrix } from '../../src/world-model/geometry.js';
import { paperRectangles } from '../../src/world-model/masks.js';
import {
  paperAugmentation,
  type TransformationName,
  type ViewParameters,
} from '../../src/world-model/transformations.js';
import {
  makeViews,
  packParameters,
  parameterSpecs,
  sampleViews,
  viewSpecs,
} from '../../src/world-model/views.js';

const { pairs } = JSON.parse(
  readFileSync(new URL('../fixtures/torchvision-augment.json', import.meta.url), 'utf8'),
);
const engine = createEngine({ threads: 1 });
after(() => engine.dispose());
const jitters = actionNames.slice(0, 4);

test('whole pairs of views agree with Pillow and torchvision', async () => {
  const { height, width, size, cases } = pairs;
  const batch = cases.length;
  const join = (part: (one: (typeof cases)[number]) => Iterable<number>) =>
    Float32Array.from(cases.flatMap((one: (typeof cases)[number]) => [...part(one)]));
  const pack = (view: string, names: readonly TransformationName[]) =>
    packParameters(
      cases.map((one: (typeof cases)[number]): ViewParameters => one[view]),
      names,
      size,
    );
  const program = trace(
    'views',
    {
      images: spec([batch, 3, height, width]),
      rows: spec([batch, 1, size, height]),
      columns: spec([batch, 1, size, width]),
      source: parameterSpecs(actionNames, size, batch),
      target: parameterSpecs(jitters, size, batch),
    },
    (inputs) => makeViews(inputs.images, inputs, pairs),
  );
  const executable = await engine.compile(program);
  const results = await executable.run({
    images: join((one) => one.image),
    rows: join(({ crop }) => resizeMatrix(size, height, crop.top, crop.height)),
    columns: join(({ crop, flip }) => resizeMatrix(size, width, crop.left, crop.width, flip)),
    source: pack('sourceParameters', actionNames),
    target: pack('targetParameters', jitters),
  });
  for (const view of ['source', 'target'] as const) {
    const values = await results[view].read();
    const expected = join((one) => one[view]);
    assert.equal(values.length, expected.length);
    // Compared in units of the normalised image, whose deviation is a fifth of the range.
    expected.forEach((value, at) => {
      assert.ok(Math.abs(Number(values[at]) - value) < 1e-4, `${view} ${at}: ${values[at]}, not ${value}`);
    });
  }
});

const config = {
  image: { height: 20, width: 24 },
  size: 16,
  patch: 4,
  augmentation: paperAugmentation,
  masks: { visible: 5, predicted: 6, predictedVisible: 0.4, ...paperRectangles },
};

/** The first samples of a run. */
const run = (number: number, count: number) =>
  Array.from({ length: count }, (_, place) => [number, place] as const);

test('a batch depends on seed, run and place only', () => {
  const batch = sampleViews(config, 1, run(7, 4));
  assert.deepEqual(sampleViews(config, 1, run(7, 4)), batch);
  const alone = sampleViews(config, 1, [[7, 2]]);
  assert.deepEqual(alone.rows, batch.rows.subarray(2 * 16 * 20, 3 * 16 * 20));
  assert.deepEqual(alone.predicted, batch.predicted.subarray(16, 24));
  assert.deepEqual(alone.source.blur, batch.source.blur?.subarray(2 * 256, 3 * 256));
  for (const [seed, number] of [
    [2, 7],
    [1, 8],
  ] as const)
    assert.notDeepEqual(sampleViews(config, seed, run(number, 1)).rows, batch.rows.subarray(0, 16 * 20));
});

test('arrays have the sizes of their specs', () => {
  const specs = viewSpecs(config, 3);
  const batch = sampleViews(config, 0, run(0, 3));
  const compare = (shapes: object, arrays: object): void => {
    assert.deepEqual(Object.keys(arrays).sort(), Object.keys(shapes).sort());
    for (const [name, part] of Object.entries(shapes)) {
      const array = (arrays as Record<string, Float32Array | Int32Array>)[name]!;
      if ('shape' in part) {
        assert.equal(
          array.length,
          part.shape.reduce((a: number, b: number) => a * b, 1),
          name,
        );
        assert.equal(array instanceof Int32Array, part.dtype === 'int32', name);
      } else compare(part, array);
    }
  };
  compare(specs, batch);
});

test('the action holds the very numbers that change the pixels', () => {
  const samples = Array.from({ length: 200 }, (_, sample) => sample);
  const { action, source, target } = sampleViews(config, 3, run(1, samples.length));
  const units = { brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 };
  for (const sample of samples) {
    const vector = action.subarray(sample * 7, sample * 7 + 7);
    Object.entries(units).forEach(([name, unit], component) => {
      const jitter = name as keyof typeof units;
      const difference = target[jitter]![sample]! - source[jitter]![sample]!;
      assert.ok(Math.abs(vector[component]! * unit - difference) < 1e-6);
    });
    assert.equal(vector[4], source.grayscale![sample]);
    assert.equal(vector[6], source.solarize![sample]);
    const matrix = source.blur!.subarray(sample * 256, (sample + 1) * 256);
    const identity = matrix.every((weight, at) => weight === Number(at % 17 === 0));
    // A deviation near .1 pixel blurs less than single precision shows, but counts as blur.
    if (!identity) assert.equal(vector[5], 1);
    if (vector[5] === 0) assert.ok(identity);
  }
});
