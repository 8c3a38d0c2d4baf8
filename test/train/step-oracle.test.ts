import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Engine, Feeds, Value } from '../../src/engine/index.js';
import { emptyFlat, type Flat, type Layout, trainedPart, view } from '../../src/nn/index.js';
import { readSafetensors } from '../../src/run/disk/safetensors-file.js';
import { fill } from '../../src/run/named-tensors.js';
import type { Trainable } from '../../src/run/state.js';
import { leaves, mapTree, type Spec, type Tree } from '../../src/tensor/index.js';
import type { Batch } from '../../src/train/batches.js';
import { type StepConfig, type StepInputs, traceGradients, traceStep } from '../../src/train/step.js';
import { type Start, startFrom, Trainer } from '../../src/train/trainer.js';
import type { Rates } from '../../src/train/update.js';
import { actionNames, actionSize, actionVector } from '../../src/world-model/action.js';
import { type Crop, resizeMatrix } from '../../src/world-model/geometry.js';
import { layouts } from '../../src/world-model/index.js';
import type { ViewParameters } from '../../src/world-model/transformations.js';
import { packParameters, type ViewsConfig } from '../../src/world-model/views.js';
import { onEachDevice } from '../engine/each-device.js';

// Inputs are from oracle/step-inputs.ts, expected values from oracle/step.py: PyTorch in double precision.

interface Pair {
  readonly image: number;
  readonly crop: Crop;
  readonly flip: boolean;
  readonly source: ViewParameters;
  readonly target: ViewParameters;
  readonly visible: readonly number[];
  readonly predicted: readonly number[];
}
interface Inputs {
  readonly cases: Readonly<Record<string, StepConfig>>;
  readonly rates: readonly Rates<number>[];
  /** Of every step, as many as the largest case takes. */
  readonly pairs: readonly (readonly Pair[])[];
}
interface Expected {
  readonly cases: Readonly<
    Record<
      string,
      { losses: number[]; gradientNorms: number[]; momentNorms: { mean: number; variance: number } }
    >
  >;
}
type Part = 'encoder' | 'predictor' | 'target_encoder';
type Named = ReadonlyMap<string, Float32Array>;

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const inputs: Inputs = JSON.parse(readFileSync(fixture('step-inputs.json'), 'utf8'));
const given = readSafetensors(fixture('step-inputs.safetensors'));
const expected: Expected = JSON.parse(readFileSync(fixture('step.json'), 'utf8'));
const tensors = readSafetensors(fixture('step.safetensors')).tensors;

function load(prefix: string, layout: Layout<unknown>): Flat<Float32Array> {
  const flat = emptyFlat(layout);
  const tensors = new Map([...given.tensors].filter(([name]) => name.startsWith(`${prefix}.`)));
  fill({ tensors }, [{ prefix, layout, flat }], 'step-inputs.safetensors');
  return flat;
}

const isNumber = (value: unknown): value is number => typeof value === 'number';
const isArray = (value: unknown): value is Float32Array => value instanceof Float32Array;
const isValue = (value: unknown): value is Value => typeof (value as Value).read === 'function';

/** Weights as given, moments zero. */
function start(config: StepConfig): Start {
  const parts = layouts(config.model);
  return startFrom(config, {
    encoder: load('encoder', parts.encoder),
    predictor: load(`predictor.${config.model.predictor.conditioning}`, parts.predictor),
    target: load('target_encoder', parts.encoder),
  });
}

function batch(pairs: readonly Pair[], { image, size }: ViewsConfig): Batch {
  const pixels = given.tensors.get('images')!.data;
  const each = 3 * image.height * image.width;
  const join = (part: (pair: Pair) => Iterable<number>): number[] => pairs.flatMap((pair) => [...part(pair)]);
  const floats = (part: (pair: Pair) => Iterable<number>): Float32Array => Float32Array.from(join(part));
  const pack = (side: 'source' | 'target', names: typeof actionNames) =>
    packParameters(
      pairs.map((pair) => pair[side]),
      names,
      size,
    );
  return {
    images: floats((pair) => pixels.subarray(pair.image * each, (pair.image + 1) * each)),
    views: {
      rows: floats(({ crop }) => resizeMatrix(size, image.height, crop.top, crop.height)),
      columns: floats(({ crop, flip }) => resizeMatrix(size, image.width, crop.left, crop.width, flip)),
      source: pack('source', actionNames),
      target: pack('target', actionNames.slice(0, 4)),
      action: floats((pair) => actionVector(pair.source, pair.target, new Float32Array(actionSize))),
      visible: Int32Array.from(join((pair) => pair.visible)),
      predicted: Int32Array.from(join((pair) => pair.predicted)),
    },
  };
}

/** The batches of one update. */
function batches(step: number, { batch: size, accumulate, views }: StepConfig): Batch[] {
  const pairs = inputs.pairs[step]!;
  return Array.from({ length: accumulate }, (_, run) =>
    batch(pairs.slice(run * size, (run + 1) * size), views),
  );
}

function named(prefix: Part, layout: Layout<unknown>, flat: Flat<Float32Array>): [string, Float32Array][] {
  return layout.entries.map((entry) => [`${prefix}.${entry.name}`, view(flat, entry)]);
}

/** All weights by name. */
function byName(config: StepConfig, weights: Trainable<Float32Array>, target?: Flat<Float32Array>): Named {
  const { encoder, predictor } = layouts(config.model);
  return new Map([
    ...named('encoder', trainedPart(encoder), weights.encoder),
    ...named('predictor', predictor, weights.predictor),
    ...(target ? named('target_encoder', trainedPart(encoder), target) : []),
  ]);
}

/** Queries and values of a joint bias: attention's key biases have a true gradient of zero, the rest is rounding. */
function withoutKeys(name: string, values: Float32Array): Float32Array {
  if (!name.endsWith('attn.qkv.bias')) return values;
  const third = values.length / 3;
  return Float32Array.from([...values.subarray(0, third), ...values.subarray(2 * third)]);
}

const norm = (values: Float32Array): number => Math.hypot(...values);
const difference = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value - b[i]!);

function close(actual: readonly number[], wanted: readonly number[], tolerance: number): void {
  assert.equal(actual.length, wanted.length);
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value / wanted[i]! - 1) < tolerance, `number ${i}: ${value}, expected ${wanted[i]}`);
  });
}

/** Every tensor is there, and as near as `tolerance` times the norm of its expected change from `before`. */
function near(prefix: string, actual: Named, tolerance: number, before?: Named): void {
  const wanted = [...tensors.keys()].filter((name) => name.startsWith(prefix));
  assert.deepEqual(wanted.sort(), [...actual.keys()].map((name) => prefix + name).sort());
  for (const [name, values] of actual) {
    const truth = tensors.get(prefix + name)!.data;
    const was = before?.get(name) ?? new Float32Array(truth.length);
    const error =
      norm(withoutKeys(name, difference(values, truth))) / norm(withoutKeys(name, difference(truth, was)));
    assert.ok(error < tolerance, `${prefix}${name}: off by ${error.toExponential(1)}`);
  }
}

/** Loss and gradients of the first update, by the program that accumulates: the mean over its runs. */
async function firstGradients(
  engine: Engine,
  config: StepConfig,
): Promise<{ loss: number; gradients: Named }> {
  const executable = await engine.compile(traceGradients({ ...config, accumulate: 2 }));
  const { state, frozen } = start(config);
  const rates = mapTree(inputs.rates[0]!, isNumber, (rate) => [rate]);
  let loss = 0;
  let gradients: unknown = state.mean;
  for (const one of batches(0, config)) {
    const feeds = { ...one, rates, state, gradients, frozen };
    const results = await executable.run(feeds as unknown as Feeds<StepInputs<Spec>>);
    loss += Number((await results.loss.read())[0]) / config.accumulate;
    gradients = results.gradients;
  }
  const sums = start(config).state.mean;
  for (const [path, value] of leaves(gradients as Tree<Value>, isValue)) {
    const [part, group] = path.split('.') as ['encoder' | 'predictor', string];
    sums[part]![group]!.set((await value.read()) as Float32Array);
  }
  const mean = mapTree(sums, isArray, (sum) => sum.map((one) => one / config.accumulate));
  return { loss, gradients: byName(config, mean as unknown as Trainable<Float32Array>) };
}

onEachDevice((engine) => {
  for (const [name, config] of Object.entries(inputs.cases))
    describe(`a step against PyTorch, conditioning ${name}`, () => {
      const { losses, gradientNorms, momentNorms } = expected.cases[name]!;

      test('loss and every gradient', async () => {
        const { loss, gradients } = await firstGradients(engine, config);
        close([loss], losses.slice(0, 1), 1e-4);
        near(`${name}.gradient.`, gradients, 1e-4);
      });

      // How tokens are told the action changes nothing of how a group is updated; which weights are trained does.
      for (const parted of ['feature', 'frozen', 'last'].includes(name) ? [false, true] : [false])
        test(`ten updates${parted ? ', a group at a time' : ''}: losses, gradient norms, moments, weights and target encoder`, async () => {
          const program = traceStep(config);
          const trainer = await Trainer.create(engine, program, config, start(config), { parted });
          const seen = [];
          for (const [step, rates] of inputs.rates.entries())
            seen.push(await trainer.update(batches(step, config), rates));
          const lossesSeen = seen.map(({ loss }) => loss);
          const normsSeen = seen.map(({ gradientNorm }) => gradientNorm);
          close(lossesSeen, losses, 1e-4);
          close(normsSeen, gradientNorms, 1e-4);
          const end = await trainer.state();
          const moments = [end.mean, end.variance].map((trained) =>
            Math.hypot(...[...byName(config, trained).values()].map(norm)),
          );
          close(moments, [momentNorms.mean, momentNorms.variance], 1e-4);
          const first = start(config).state;
          const before = byName(config, first.weights, first.target);
          near(`${name}.after.`, byName(config, end.weights, end.target), 1e-3, before);
        });
    });
});
