import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import {
  type Block,
  block,
  blockSpec,
  flatGradients,
  flatSpecs,
  initialise,
  layout,
  unpack,
} from '../../src/nn/index.js';
import { random } from '../../src/random.js';
import {
  concat,
  cost,
  fold,
  gradient,
  mul,
  type Program,
  slice,
  spec,
  standardise,
  sum,
  type Tensor,
  trace,
} from '../../src/tensor/index.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

const [width, heads, batch, others] = [12, 3, 2, 9] as const;
const parts = layout(blockSpec(width));

/** A block that computes `asking` tokens, which attend to others too: answers and gradients of a loss. */
const program = (asking: number, build: (x: Tensor, told: Tensor, weights: Block<Tensor>) => Tensor) =>
  trace(
    'block',
    {
      x: spec([batch, asking, width]),
      told: spec([batch, others, width]),
      pull: spec([batch, asking, width]),
      flat: flatSpecs(parts),
    },
    ({ x, told, pull, flat }) => {
      const weights = unpack(parts, flat) as Block<Tensor>;
      const answer = build(x, told, weights);
      const loss = sum(mul(answer, pull));
      const [byX, byTold] = gradient(loss, [x, told]) as [Tensor, Tensor];
      const { part } = flatGradients(loss, { part: { layout: parts, parameters: weights } });
      return { answer, byX, byTold, ...part };
    },
  );

for (const [asking, how] of [
  [2, 'few'],
  [6, 'many'],
] as const)
  test(`${how} tokens that attend to others answer and learn as if all were computed and they selected`, async () => {
    const shared = program(asking, (x, told, weights) =>
      block(x, weights, heads, { others: standardise(fold(told)) }),
    );
    const selected = program(asking, (x, told, weights) =>
      block(concat([told, x], 1), weights, heads, {
        select: (all) => slice(all, 1, others, others + asking),
      }),
    );
    const draw = random(3);
    const normal = (count: number): Float32Array => Float32Array.from({ length: count }, () => draw.normal());
    const flat = initialise(parts, 5, 0);
    for (const group of Object.values(flat)) group.set(group.map((value) => value + 0.3 * draw.normal()));
    const inputs = {
      x: normal(batch * asking * width),
      told: normal(batch * others * width),
      pull: normal(batch * asking * width),
      flat,
    };
    const [found, expected] = await Promise.all(
      [shared, selected].map(async (each) => (await engine.compile(each)).run(inputs as never)),
    );
    for (const [name, tensor] of Object.entries(expected!)) {
      const [values, wanted] = [
        await (found as typeof expected)![name as 'answer']!.read(),
        await tensor.read(),
      ];
      Array.from(wanted, Number).forEach((value, i) => {
        const got = Number(values[i]);
        assert.ok(
          Math.abs(got - value) < 2e-5 * Math.max(1, Math.abs(value)),
          `${name} ${i}: ${got} for ${value}`,
        );
      });
    }
  });

test('few tokens that attend to many cost less than the maps of all these would', () => {
  const specs = (asking: number) => ({
    x: spec([1, asking, width]),
    told: spec([1, others, width]),
    flat: flatSpecs(parts),
  });
  const counted = (asking: number): number => {
    const program = trace('block', specs(asking), ({ x, told, flat }) => {
      const weights = unpack(parts, flat) as Block<Tensor>;
      return { out: block(x, weights, heads, { others: standardise(fold(told)) }) };
    });
    return cost(program as unknown as Program).multiplyAdds;
  };
  /** Queries, keys, values and their projections of the asking tokens only, and the MLP. */
  const few = (asking: number): number =>
    12 * asking * width ** 2 + 2 * heads * asking * (asking + others) * width;
  const many = (asking: number): number =>
    (10 * asking + 2 * (asking + others)) * width ** 2 + 2 * asking * (asking + others) * width;
  // The norms' biases move into those of the maps, whatever the number of tokens.
  const constant = 7 * width ** 2;
  assert.equal(counted(2), few(2) + constant);
  assert.equal(counted(6), many(6) + constant);
});
