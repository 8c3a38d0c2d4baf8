import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  features,
  type Network,
  type PredictorForm,
  predictedPositions,
  traceLogits,
} from '../../src/adapt/network/network.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { flatSpecs, unpack, view } from '../../src/nn/index.js';
import { random } from '../../src/random.js';
import { evaluatorConfig } from '../../src/run/config.js';
import { loadModel } from '../../src/run/disk/model-file.js';
import { cost, type Program, spec, type Tensor, trace } from '../../src/tensor/index.js';
import { WorldModel } from '../../src/verbs/world-model.js';
import type { Predictor } from '../../src/world-model/index.js';
import { layouts } from '../../src/world-model/index.js';
import { slowPredict } from './slow-predictor.js';
import { paintWorld, pretrainTiny } from './tiny-world.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-network-'));
const engine = createEngine({ threads: 1 });
const run = join(folder, 'run');
let world: WorldModel;
before(async () => {
  await paintWorld(join(folder, 'images'), 12, 4);
  await pretrainTiny(join(folder, 'images'), run);
  world = await WorldModel.load(run, { threads: 1 });
});
after(() => {
  world.dispose();
  engine.dispose();
  rmSync(folder, { recursive: true });
});

const network = (predictor: PredictorForm): Network => ({
  ...evaluatorConfig(world.config),
  predictor,
  tasks: { sides: { kind: 'linear', classes: 4, width: 16, heads: 2 } },
  taskTokens: false,
});

/** What a predictor may be told of two images: a token for each [2, 1, 16], positions of 5 latents of each [2, 5]. */
interface Told {
  readonly token?: Float32Array;
  readonly visible?: Int32Array;
}

/** What a head would read of latents [2, 16, 16]. */
async function read(
  latents: Float32Array,
  form: PredictorForm,
  told: Told = {},
  weights = loadModel(run, layouts(network(form).model)).predictor,
): Promise<Float32Array> {
  const { model } = network(form);
  const { predictor } = layouts(model);
  const specs = {
    latents: spec([2, 16, 16]),
    weights: flatSpecs(predictor),
    ...(told.token === undefined ? {} : { token: spec([2, 1, 16]) }),
    ...(told.visible === undefined ? {} : { visible: spec([2, 5], 'int32') }),
  };
  const program = trace('features', specs, (inputs) => ({
    tokens: features(
      inputs.latents as Tensor,
      unpack(predictor, inputs.weights as never) as Predictor<Tensor>,
      network(form),
      inputs as { token?: Tensor; visible?: Tensor },
    ),
  }));
  const { tokens } = await (await engine.compile(program)).run({
    latents,
    weights,
    ...told,
  } as never);
  return (await tokens.read()) as Float32Array;
}

const draw = random(4);
const pixels = Float32Array.from({ length: 2 * 3 * 16 * 16 }, () => draw.next());

function assertClose(found: Float32Array, expected: Float32Array): void {
  assert.equal(found.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(found[i]! - value) < 1e-5, `${i}: ${found[i]} for ${value}`);
  });
}

test("the published form is the world model's own answer to the null action", async () => {
  const latents = await world.encode(pixels);
  const answer = await world.predict(latents);
  // Of the encoder's last block, the first of two that are predicted.
  const last = answer.data.filter((_, i) => i % 32 < 16);
  assertClose(await read(latents.data, { contextBlocks: 1, stride: 1 }), last);
});

test('a position in every square of patches, in its middle', () => {
  const at = (stride: number): number[] => [
    ...predictedPositions(network({ contextBlocks: 0, stride }).model, { contextBlocks: 0, stride }),
  ];
  assert.deepEqual(
    at(1),
    Array.from({ length: 16 }, (_, i) => i),
  );
  assert.deepEqual(at(2), [5, 7, 13, 15]);
  assert.deepEqual(at(4), [10]);
});

test('every form, of all latents or some, with and without a token for each image, against a slow, obvious predictor', async () => {
  const { data } = await world.encode(pixels);
  const { model } = network({ contextBlocks: 0, stride: 1 });
  const layout = layouts(model).predictor;
  const weights = loadModel(run, layouts(model)).predictor;
  // What the action is told by begins at zero; moved, so that all of it matters.
  for (const entry of layout.entries.filter(({ name }) => name.startsWith('conditioning.')))
    view(weights, entry).forEach((value, i, all) => {
      all[i] = value + 0.2 * draw.normal();
    });
  const slow = { layout, weights, ...model.predictor, side: 4 };
  for (const form of [
    { contextBlocks: 1, stride: 1 },
    { contextBlocks: 0, stride: 1 },
    { contextBlocks: 0, stride: 2 },
    { contextBlocks: 1, stride: 4 },
  ]) {
    const positions = [...predictedPositions(model, form)];
    const expected = (prompts: readonly number[][][], visible?: readonly number[][]): Float32Array =>
      Float32Array.from(
        prompts.flatMap((prompt, image) => {
          const rows = Array.from({ length: 16 }, (_, token) =>
            Array.from(data.subarray((image * 16 + token) * 16, (image * 16 + token + 1) * 16)),
          );
          return slowPredict(slow, rows, positions, form.contextBlocks, prompt, visible?.[image]).flat();
        }),
      );
    assertClose(await read(data, form, {}, weights), expected([[], []]));
    const token = Float32Array.from({ length: 32 }, () => draw.normal());
    const prompts = [[[...token.subarray(0, 16)]], [[...token.subarray(16)]]];
    assertClose(await read(data, form, { token }, weights), expected(prompts));
    const seen = [
      [0, 3, 4, 9, 14],
      [1, 3, 8, 10, 15],
    ];
    const visible = Int32Array.from(seen.flat());
    assertClose(await read(data, form, { visible }, weights), expected([[], []], seen));
    assertClose(await read(data, form, { token, visible }, weights), expected(prompts, seen));
  }
});

test('cheaper forms are cheaper, by as much as can be counted by hand', () => {
  const count = (form: PredictorForm): number =>
    cost(traceLogits(network(form), 'sides', 'float32', 3) as unknown as Program).multiplyAdds / 3;
  const [width, tokens] = [16, 16];
  /** A block of one head: of `all` tokens keys and values, of `own` ones also queries, projection and MLP. */
  const block = (all: number, own: number): number =>
    width ** 2 * (2 * all + 10 * own) + 2 * width * all * own;
  /** Where few ask many, maps of keys and values are applied to what they ask and receive. */
  const asking = (all: number, own: number): number => block(own, own) + 2 * width * (all - own) * own;
  const byHand = (blocks: number, queries: number): number =>
    // Embedding, mapping back, head; conditioning is computed once for all images of a run.
    width ** 2 * (tokens + queries) + 4 * width + blocks;
  for (const [form, queries, expected] of [
    [{ contextBlocks: 1, stride: 1 }, 16, block(32, 32) + asking(32, 16)],
    [{ contextBlocks: 0, stride: 1 }, 16, 2 * asking(32, 16)],
    [{ contextBlocks: 0, stride: 2 }, 4, 2 * asking(20, 4)],
  ] as const) {
    const counted = count(form);
    const hand = byHand(expected, queries);
    assert.ok(counted >= hand && counted < 1.2 * hand, `${JSON.stringify(form)}: ${counted} for ${hand}`);
  }
});
