import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Network, networkLayouts, type Parts, traceLogits } from '../../src/adapt/network/network.js';
import { type StepConfig, traceStep } from '../../src/adapt/training/step.js';
import { Trainer } from '../../src/adapt/training/trainer.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { type Flat, initialise, type Layout, view } from '../../src/nn/index.js';
import { random } from '../../src/random.js';
import type { Program } from '../../src/tensor/index.js';

// A step of two tasks that share a predictor: one names 3 classes of 4 images, the other 5 classes of 2.
const engine = createEngine({ threads: 1 });
after(() => engine.dispose());
const [tokens, width] = [16, 16];
const network: Network = {
  model: {
    encoder: { depth: 1, width, heads: 2, image: 16, patch: 4 },
    predictor: { depth: 2, width, heads: 2, conditioning: 'feature' },
  },
  normalisation: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  image: { height: 16, width: 16 },
  predictor: { contextBlocks: 1, stride: 1 },
  tasks: {
    one: { kind: 'linear', classes: 3, width, heads: 2 },
    two: { kind: 'attentive', classes: 5, width, heads: 2 },
  },
  taskTokens: true,
};
const images = { one: 4, two: 2 } as const;
const where = networkLayouts(network);
const start: Parts<Flat<Float32Array>> = {
  predictor: initialise(where.predictor, 1, 0),
  heads: initialise(where.heads, 1, 1),
};
// Tokens of the size of the latents, so that they are heard.
for (const entry of where.heads.entries)
  if (entry.name.endsWith('.token')) {
    const numbers = view(start.heads!, entry);
    const draw = random(7, entry.offset);
    for (let i = 0; i < numbers.length; i++) numbers[i] = draw.normal();
  }

interface Fed {
  readonly input: Readonly<Record<string, Float32Array>>;
  readonly targets: Readonly<Record<string, Int32Array>>;
}

function feeds(seed: number): Fed {
  const draw = random(seed);
  const latents = (count: number): Float32Array =>
    Float32Array.from({ length: count * tokens * width }, () => draw.normal());
  return {
    input: { one: latents(images.one), two: latents(images.two) },
    targets: { one: Int32Array.of(0, 2, 1, 2), two: Int32Array.of(4, 1) },
  };
}

async function step(
  fed: Fed,
  weights: { one: number; two: number },
  trained: StepConfig['trained'] = { predictor: 0.1, heads: 1 },
  visible?: readonly number[][],
) {
  const config: StepConfig = {
    network,
    lessons: {
      one: { images: images.one, weight: weights.one, learners: { one: 1 } },
      two: { images: images.two, weight: weights.two, learners: { two: 1 } },
    },
    input: 'float32',
    trained,
    betas: [0.9, 0.999],
    visible: visible?.[0]?.length,
    clip: Number.POSITIVE_INFINITY,
  };
  const program = traceStep(config) as unknown as Program;
  const trainer = await Trainer.create(engine, program, config, start);
  const rates = {
    learningRate: 1e-2,
    weightDecay: 0.05,
    meanCorrection: 1 / (1 - 0.9),
    varianceCorrection: 1 / (1 - 0.999),
  };
  const seen = visible === undefined ? {} : { visible: Int32Array.from(visible.flat()) };
  const told = await trainer.update({ ...fed, ...seen }, rates);
  return { ...told, weights: await trainer.weights() };
}

/** The numbers that a task has for itself, or of the predictor. */
function numbers(weights: Parts<Flat<Float32Array>>, part: 'one' | 'two' | 'predictor'): number[] {
  const [layout, flat] =
    part === 'predictor'
      ? [where.predictor as Layout<unknown>, weights.predictor!]
      : [where.heads as Layout<unknown>, weights.heads!];
  return layout.entries
    .filter(({ name }) => part === 'predictor' || name.startsWith(`${part}.`))
    .flatMap((entry) => Array.from(view(flat, entry)));
}

test("a task's head and token do not learn from another task's images, the predictor learns from both", async () => {
  const [a, b] = [feeds(1), feeds(2)];
  const mixed: Fed = {
    input: { one: a.input.one!, two: b.input.two! },
    targets: { one: a.targets.one!, two: Int32Array.of(0, 0) },
  };
  const [first, second] = [await step(a, { one: 0.5, two: 0.5 }), await step(mixed, { one: 0.5, two: 0.5 })];
  assert.deepEqual(numbers(second.weights, 'one'), numbers(first.weights, 'one'));
  assert.notDeepEqual(numbers(first.weights, 'one'), numbers(start, 'one'));
  for (const part of ['two', 'predictor'] as const)
    assert.notDeepEqual(numbers(second.weights, part), numbers(first.weights, part), part);
  const token = (weights: Parts<Flat<Float32Array>>, task: string): number[] =>
    Array.from(view(weights.heads!, where.heads.entries.find(({ name }) => name === `${task}.token`)!));
  for (const task of ['one', 'two'])
    assert.notDeepEqual(token(first.weights, task), token(start, task), `${task}'s token learns`);
});

test("each task's loss in the step is the cross-entropy of the answers that the model gives for it", async () => {
  const fed = feeds(3);
  const { losses } = await step(fed, { one: 0.5, two: 0.5 });
  for (const task of ['one', 'two'] as const) {
    const program = traceLogits(network, task, 'float32', images[task]) as unknown as Program;
    const executable = await engine.compile(program);
    const results = await executable.run({ input: fed.input[task]!, weights: start } as never);
    const logits = (await (results as unknown as { out: { read(): Promise<Float32Array> } }).out.read())!;
    const { classes } = network.tasks[task]!;
    const each = Array.from(fed.targets[task]!, (label, image) => {
      const row = Array.from(logits.subarray(image * classes, (image + 1) * classes));
      return Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - row[label]!;
    });
    const expected = each.reduce((a, b) => a + b) / each.length;
    assert.ok(Math.abs(losses[task]! - expected) < 1e-5, `${task}: ${losses[task]} for ${expected}`);
  }
});

test("the loss is the weighted mean of the tasks': of heads alone, the gradient's norm says so", async () => {
  const fed = feeds(4);
  const norm = async (one: number, two: number): Promise<number> =>
    (await step(fed, { one, two }, { heads: 1 })).gradientNorm;
  const [one, two] = [await norm(1, 0), await norm(0, 1)];
  for (const share of [0.5, 0.25]) {
    const expected = Math.hypot(share * one, (1 - share) * two);
    assert.ok(Math.abs((await norm(share, 1 - share)) - expected) < 1e-4 * expected);
  }
});

test("an answer depends on its task's token", async () => {
  const fed = feeds(5);
  const program = traceLogits(network, 'one', 'float32', images.one) as unknown as Program;
  const executable = await engine.compile(program);
  const answer = async (heads: Flat<Float32Array>): Promise<number[]> => {
    const results = await executable.run({ input: fed.input.one!, weights: { ...start, heads } } as never);
    return Array.from(await (results as unknown as { out: { read(): Promise<Float32Array> } }).out.read());
  };
  const without = (task: string): Flat<Float32Array> => {
    const heads = { ...start.heads!, vectors: start.heads!.vectors!.slice() };
    view(heads, where.heads.entries.find(({ name }) => name === `${task}.token`)!).fill(0);
    return heads;
  };
  const told = await answer(start.heads!);
  const other = await answer(without('one'));
  assert.ok(Math.max(...told.map((logit, i) => Math.abs(logit - other[i]!))) > 1e-3);
  assert.deepEqual(await answer(without('two')), told, "another task's token says nothing");
});

test('which latents the predictor sees is told image by image, through all lessons', async () => {
  const fed = feeds(5);
  const weights = { one: 0.5, two: 0.5 };
  const losses = async (visible?: readonly number[][]) =>
    (await step(fed, weights, undefined, visible)).losses;
  const every = Array.from({ length: tokens }, (_, i) => i);
  const [all, told] = [await losses(), await losses(new Array<number[]>(6).fill(every))];
  for (const task of ['one', 'two']) assert.ok(Math.abs(all[task]! - told[task]!) < 1e-5, task);
  const some = (at: (image: number) => number): number[][] =>
    Array.from({ length: 6 }, (_, image) => every.slice(at(image), at(image) + 4));
  const first = await losses(some(() => 0));
  // The last two images are the second lesson's.
  const second = await losses(some((image) => (image < images.one ? 0 : 8)));
  assert.equal(second.one, first.one);
  assert.notEqual(second.two, first.two);
  assert.notEqual(first.one, all.one);
});
