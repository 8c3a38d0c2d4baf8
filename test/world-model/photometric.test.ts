import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { spec, type TensorData, trace } from '../../src/tensor/index.js';
import type { TransformationName } from '../../src/world-model/transformations.js';
import { parameterSpecs, transform } from '../../src/world-model/views.js';

const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/torchvision-augment.json', import.meta.url), 'utf8'),
);
const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

/** The fixture's images after the named transformations, one parameter per image. */
async function transformed(names: readonly TransformationName[]): Promise<TensorData> {
  const batch = fixture.shape[0];
  const program = trace(
    'transform',
    { images: spec(fixture.shape), parameters: parameterSpecs(names, fixture.shape[2], batch) },
    ({ images, parameters }) => ({ images: transform(images, parameters) }),
  );
  const executable = await engine.compile(program);
  const results = await executable.run({
    images: Float32Array.from(fixture.images),
    parameters: Object.fromEntries(names.map((name) => [name, Float32Array.from(fixture.parameters[name])])),
  });
  const values = await results.images.read();
  return values;
}

function assertClose(actual: TensorData, expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, at) => {
    const difference = Math.abs(Number(actual[at]) - value);
    assert.ok(difference < tolerance, `value ${at} is ${actual[at]}, torchvision's is ${value}`);
  });
}

for (const name of ['brightness', 'contrast', 'saturation', 'hue', 'grayscale', 'solarize'] as const)
  test(`${name} agrees with torchvision on float tensors`, async () => {
    assertClose(await transformed([name]), fixture.expected[name], 1e-5);
  });

test('the four jitters in their fixed order agree with torchvision', async () => {
  assertClose(await transformed(['hue', 'saturation', 'contrast', 'brightness']), fixture.jittered, 1e-5);
});
