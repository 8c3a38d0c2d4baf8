import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  attentivePool,
  classLogits,
  type PooledHead,
  type PooledHeadConfig,
  pooledHeadSpec,
} from '../../src/adapt/network/pooled-head.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { flatSpecs, initialise, layout, unpack, view } from '../../src/nn/index.js';
import { random } from '../../src/random.js';
import { spec, type Tensor, trace } from '../../src/tensor/index.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());
const config: PooledHeadConfig = { kind: 'attentive', classes: 3, width: 8, heads: 2 };
const [batch, tokens, width] = [3, 5, 8];
const parts = layout(pooledHeadSpec(config));
const draw = random(5);
/** Numbers of everyday size for every parameter, also for those that start at 0 or 1. */
const weights = initialise(parts, 3, 0);
for (const group of Object.values(weights))
  for (let i = 0; i < group.length; i++) group[i] = draw.normal() * 0.5;
const x = Float32Array.from({ length: batch * tokens * width }, () => draw.normal() * 2 + 1);

const named = (name: string): number[] =>
  Array.from(view(weights, parts.entries.find((entry) => entry.name === name)!));

/** (x − mean) / deviation · weight + bias, of one vector. */
function normalised(row: readonly number[], name: string): number[] {
  const mean = row.reduce((a, b) => a + b, 0) / row.length;
  const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
  const [weight, bias] = [named(`${name}.weight`), named(`${name}.bias`)];
  return row.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-6)) * weight[i]! + bias[i]!);
}

function mapped(row: readonly number[], name: string): number[] {
  const [weight, bias] = [named(`${name}.weight`), named(`${name}.bias`)];
  return bias.map((start, out) =>
    row.reduce((sum, value, i) => sum + value * weight[out * row.length + i]!, start),
  );
}

/** Cross-attention pooling of one image as it is defined: a head at a time, a token at a time. */
function slowPool(image: readonly (readonly number[])[]): number[] {
  const keysAndValues = image.map((token) => mapped(normalised(token, 'pool.norm'), 'pool.kv'));
  const query = named('pool.query');
  const size = width / config.heads;
  const mixed = Array.from({ length: config.heads }, (_, head) => {
    const range = Array.from({ length: size }, (_, i) => head * size + i);
    const scores = keysAndValues.map(
      (both) => range.reduce((sum, i) => sum + query[i]! * both[i]!, 0) / Math.sqrt(size),
    );
    const shares = scores.map((score) => Math.exp(score));
    const total = shares.reduce((a, b) => a + b, 0);
    return range.map((i) =>
      keysAndValues.reduce((sum, both, token) => sum + (shares[token]! / total) * both[width + i]!, 0),
    );
  });
  return mapped(mixed.flat(), 'pool.proj');
}

const image = (i: number): number[][] =>
  Array.from({ length: tokens }, (_, token) =>
    Array.from(x.subarray((i * tokens + token) * width, (i * tokens + token + 1) * width)),
  );

function assertClose(found: ArrayLike<number>, expected: readonly number[]): void {
  assert.equal(found.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(found[i]! - value) < 2e-5 * (1 + Math.abs(value)), `${i}: ${found[i]} for ${value}`);
  });
}

test('attentive pooling and the head on it against a slow, obvious implementation', async () => {
  const specs = { x: spec([batch, tokens, width]), weights: flatSpecs(parts) };
  const program = trace('head', specs, (inputs) => {
    const head = unpack(parts, inputs.weights as never) as unknown as PooledHead<Tensor>;
    return {
      pooled: attentivePool(inputs.x as Tensor, head.pool!, config.heads),
      logits: classLogits(inputs.x as Tensor, head, config),
    };
  });
  const { pooled, logits } = await (await engine.compile(program)).run({ x, weights } as never);
  const expected = Array.from({ length: batch }, (_, i) => slowPool(image(i)));
  assertClose((await pooled.read()) as Float32Array, expected.flat());
  assertClose(
    (await logits.read()) as Float32Array,
    expected.flatMap((row) => mapped(normalised(row, 'norm'), 'linear')),
  );
});

test('the linear head reads the mean of the tokens', async () => {
  const linear: PooledHeadConfig = { ...config, kind: 'linear' };
  const own = layout(pooledHeadSpec(linear));
  assert.ok(own.entries.every(({ name }) => !name.startsWith('pool')));
  const flat = initialise(own, 7, 0);
  const program = trace('linear', { x: spec([batch, tokens, width]), weights: flatSpecs(own) }, (inputs) => ({
    logits: classLogits(
      inputs.x as Tensor,
      unpack(own, inputs.weights as never) as unknown as PooledHead<Tensor>,
      linear,
    ),
  }));
  const { logits } = await (await engine.compile(program)).run({ x, weights: flat } as never);
  const weight = view(flat, own.entries.find(({ name }) => name === 'linear.weight')!);
  const expected = Array.from({ length: batch }, (_, i) => {
    const mean = Array.from({ length: width }, (_, d) =>
      image(i).reduce((sum, row) => sum + row[d]! / tokens, 0),
    );
    const centre = mean.reduce((a, b) => a + b, 0) / width;
    const deviation = Math.sqrt(mean.reduce((a, b) => a + (b - centre) ** 2, 0) / width + 1e-6);
    return Array.from({ length: config.classes }, (_, c) =>
      mean.reduce((sum, value, d) => sum + ((value - centre) / deviation) * weight[c * width + d]!, 0),
    );
  });
  assertClose((await logits.read()) as Float32Array, expected.flat());
});
