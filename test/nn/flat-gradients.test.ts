import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import {
  flatGradients,
  flatSpecs,
  globalNorm,
  initialise,
  layout,
  unpack,
  view,
} from '../../src/nn/index.js';
import { random } from '../../src/random.js';
import { add, matmul, mul, spec, sum, type Tensor, trace } from '../../src/tensor/index.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

test('the gradient of every parameter, whether it lies for itself or among others', async () => {
  const from = { uniform: 1 };
  const parts = layout({
    large: { shape: [512, 512], initialise: from },
    small: { shape: [512, 2], initialise: from },
    bias: { shape: [2], initialise: from },
    scale: { shape: [2], initialise: from },
  });
  const program = trace('gradients', { x: spec([1, 512]), weights: flatSpecs(parts) }, ({ x, weights }) => {
    const p = unpack(parts, weights) as Record<'large' | 'small' | 'bias' | 'scale', Tensor>;
    const out = mul(add(matmul(matmul(x, p.large), p.small), p.bias), p.scale);
    const { part } = flatGradients(sum(out), { part: { layout: parts, parameters: p } });
    return { part, norm: globalNorm(Object.values(part)) };
  });
  const weights = initialise(parts, 1, 0);
  const x = Float32Array.from({ length: 512 }, (_, i) => Math.sin(i));
  const results = await (await engine.compile(program)).run({ x, weights } as never);
  const read = async (group: string): Promise<Float32Array> =>
    (await results.part[group]!.read()) as Float32Array;
  assert.deepEqual(results.part.large!.shape, [512, 512]);
  const flat = {
    large: await read('large'),
    matrices: await read('matrices'),
    vectors: await read('vectors'),
  };
  const of = (values: typeof weights, name: string): Float32Array =>
    view(values, parts.entries.find((entry) => entry.name === name)!);
  const [large, small, bias, scale] = ['large', 'small', 'bias', 'scale'].map((name) => of(weights, name));
  const near = (value: number, expected: number): void =>
    assert.ok(
      Math.abs(value - expected) < 1e-4 * Math.max(1, Math.abs(expected)),
      `${value} for ${expected}`,
    );
  // out_k = s_k (b_k + Σ_j h_j S_jk) with h = x · L, so each derivative is a line.
  const hidden = Array.from({ length: 512 }, (_, j) =>
    x.reduce((total, value, i) => total + value * large![i * 512 + j]!, 0),
  );
  for (const [i, j] of [
    [0, 0],
    [7, 300],
    [511, 511],
  ] as const)
    near(
      of(flat, 'large')[i * 512 + j]!,
      x[i]! * (scale![0]! * small![j * 2]! + scale![1]! * small![j * 2 + 1]!),
    );
  for (const j of [0, 255, 511])
    for (const k of [0, 1]) near(of(flat, 'small')[j * 2 + k]!, hidden[j]! * scale![k]!);
  for (const k of [0, 1]) {
    near(of(flat, 'bias')[k]!, scale![k]!);
    near(
      of(flat, 'scale')[k]!,
      bias![k]! + hidden.reduce((total, value, j) => total + value * small![j * 2 + k]!, 0),
    );
  }
  const squares = Object.values(flat).flatMap((numbers) => Array.from(numbers, (one) => one * one));
  near((await results.norm.read())[0] as number, Math.sqrt(squares.reduce((a, b) => a + b, 0)));
});

test('the norm of a million numbers is that in double precision', async () => {
  const draw = random(1);
  const x = Float32Array.from({ length: 1_000_000 }, () => draw.normal());
  const program = trace('norm', { x: spec([x.length]) }, (inputs) => ({ norm: globalNorm([inputs.x]) }));
  const { norm } = await (await engine.compile(program)).run({ x });
  const expected = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
  assert.ok(Math.abs(Number((await norm.read())[0]) / expected - 1) < 1e-6);
});
