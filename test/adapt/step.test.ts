import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Network, networkLayouts } from '../../src/adapt/network/network.js';
import { type Lesson, type StepConfig, traceStep } from '../../src/adapt/training/step.js';
import { Trainer } from '../../src/adapt/training/trainer.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { emptyFlat, type Flat, initialise, view } from '../../src/nn/index.js';
import { random } from '../../src/random.js';
import type { Program } from '../../src/tensor/index.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());
const [batch, tokens, width, classes] = [6, 16, 16, 3];
const heads = {
  one: { kind: 'linear', classes, width, heads: 2 },
  two: { kind: 'attentive', classes, width, heads: 2 },
} as const;

const network = (tasks: Network['tasks']): Network => ({
  model: {
    encoder: { depth: 1, width, heads: 2, image: 16, patch: 4 },
    predictor: { depth: 2, width, heads: 2, conditioning: 'feature' },
  },
  normalisation: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  image: { height: 16, width: 16 },
  predictor: undefined,
  tasks,
  taskTokens: false,
});

const both = network(heads);
const start = initialise(networkLayouts(both).heads, 5, 0);
const draw = random(6);
const steps = Array.from({ length: 5 }, () => ({
  latents: Float32Array.from({ length: batch * tokens * width }, () => draw.normal()),
  labels: Int32Array.from({ length: batch }, () => draw.integer(classes)),
}));

/** The numbers of one task's head. */
function headOf(net: Network, flat: Flat<Float32Array>, task: string): number[] {
  return networkLayouts(net)
    .heads.entries.filter(({ name }) => name.startsWith(`${task}.`))
    .flatMap((entry) => Array.from(view(flat, entry)));
}

async function train(net: Network, learners: Lesson['learners'], learningRate: number, clip = Infinity) {
  const { heads: layout } = networkLayouts(net);
  const weights = emptyFlat(layout);
  const whole = new Map(networkLayouts(both).heads.entries.map((entry) => [entry.name, entry]));
  for (const entry of layout.entries) view(weights, entry).set(view(start, whole.get(entry.name)!));
  const config: StepConfig = {
    network: net,
    lessons: { all: { images: batch, weight: 1, learners } },
    input: 'float32',
    trained: { heads: 1 },
    betas: [0.9, 0.999],
    clip,
  };
  const program = traceStep(config) as unknown as Program;
  const trainer = await Trainer.create(engine, program, config, { heads: weights });
  const norms: number[] = [];
  for (const [i, { latents, labels }] of steps.entries()) {
    const { gradientNorm } = await trainer.update(
      { input: { all: latents }, targets: { all: labels } },
      {
        learningRate,
        weightDecay: 0.05,
        meanCorrection: 1 / (1 - 0.9 ** (i + 1)),
        varianceCorrection: 1 / (1 - 0.999 ** (i + 1)),
      },
    );
    norms.push(gradientNorm);
  }
  return { flat: (await trainer.weights()).heads as Flat<Float32Array>, norms };
}

test('heads that learn side by side, each with its own rate, learn as they would alone', async () => {
  const together = await train(both, { one: 1e-2, two: 1e-3 }, 1);
  for (const [task, rate] of [
    ['one', 1e-2],
    ['two', 1e-3],
  ] as const) {
    const own = network({ [task]: heads[task] });
    const alone = await train(own, { [task]: 1 }, rate);
    const found = headOf(both, together.flat, task);
    const expected = headOf(own, alone.flat, task);
    const before = headOf(both, start, task);
    const largest = Math.max(...expected.map((value, i) => Math.abs(value - before[i]!)));
    assert.ok(largest > rate, `${task} moved by ${largest}`);
    expected.forEach((value, i) => {
      assert.ok(Math.abs(found[i]! - value) < 1e-3 * largest, `${task} ${i}: ${found[i]} for ${value}`);
    });
  }
});

test('a head that does not learn from these labels gets no gradient', async () => {
  const { flat } = await train(both, { one: 1 }, 1e-2);
  assert.deepEqual(headOf(both, flat, 'two'), headOf(both, start, 'two'));
  assert.notDeepEqual(headOf(both, flat, 'one'), headOf(both, start, 'one'));
});
