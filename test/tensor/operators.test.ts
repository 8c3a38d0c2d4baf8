// Every operator's value and gradient against PyTorch in float64 (test/oracle/operators.py), and its gradient
// against central differences of its own value in float64, where the engine has the kernel in double.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Device, Engine, Executable } from '../../src/engine/index.js';
import {
  add,
  constant,
  type DType,
  gradient,
  mul,
  type Spec,
  spec,
  sum,
  type Tensor,
  toStableHlo,
  trace,
} from '../../src/tensor/index.js';
import { onEachDevice } from '../engine/each-device.js';
import { type Build, cases, type Inputs } from './operator-cases.js';
import { checkTypes } from './stablehlo-types.js';

interface Numbers {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}
interface Case {
  readonly inputs: Readonly<
    Record<string, Numbers & { readonly dtype: string; readonly gradient?: readonly number[] }>
  >;
  readonly results: readonly (Numbers & { readonly weights: readonly number[] })[];
}

const fixture: Record<string, Record<string, Case>> = JSON.parse(
  readFileSync(new URL('../fixtures/operators.json', import.meta.url), 'utf8'),
).operators;

/** ONNX Runtime's CPU provider has no double kernel for these; float64 references of them stand in. */
const singleOnly: Readonly<Record<string, (x: number) => number>> = {
  erf,
  gelu: (x) => (x * (1 + erf(x / Math.SQRT2))) / 2,
};
/** ONNX gives the mean and deviation that the backward pass needs in float32 only. */
const singleStatistics: readonly string[] = ['layerNorm', 'standardise'];
/** Rounds inside, so that a small step of the input does not show. */
const rounds = 'cast: to float32 and back';

/** Error function by the series e^(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!, whose terms all have one sign. */
function erf(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 120; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

const isFloat = (dtype: string): boolean => dtype.startsWith('float');

/** The case as a program: its results, the weighted sum of them, and that sum's gradients. */
function programOf({ inputs, results }: Case, build: Build, dtype: DType) {
  const specs: Record<string, Spec> = Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [
      name,
      spec(input.shape, isFloat(input.dtype) ? dtype : (input.dtype as DType)),
    ]),
  );
  return trace('case', specs, (traced) => {
    const built = build(traced as unknown as Inputs, dtype);
    const outputs: readonly Tensor[] = Array.isArray(built) ? built : [built];
    let loss = constant(0, { dtype });
    outputs.forEach((output, i) => {
      const { shape, weights } = results[i]!;
      assert.deepEqual(output.shape, shape, `shape of result ${i}`);
      if (output.dtype === dtype) loss = add(loss, sum(mul(output, constant(weights, { dtype, shape }))));
    });
    const differentiable = Object.keys(inputs).filter((name) => inputs[name]!.gradient);
    const gradients = gradient(
      loss,
      differentiable.map((name) => traced[name] as Tensor),
    );
    return {
      results: Object.fromEntries(outputs.map((output, i) => [`${i}`, output])),
      loss,
      gradients: Object.fromEntries(differentiable.map((name, i) => [name, gradients[i]!])),
    };
  });
}

type CaseExecutable = Executable<Record<string, Spec>, ReturnType<typeof programOf>['outputTree']>;

/** Central differences of the case's loss with respect to every element of input `name`. */
async function differences(executable: CaseExecutable, inputs: Case['inputs'], name: string) {
  const step = 1e-5;
  const feeds = Object.fromEntries(Object.entries(inputs).map(([key, { values }]) => [key, [...values]]));
  const loss = async (at: number, value: number): Promise<number> => {
    feeds[name]![at] = value;
    return Number((await (await executable.run(feeds)).loss.read())[0]);
  };
  const slopes: number[] = [];
  for (const [at, value] of inputs[name]!.values.entries()) {
    slopes.push(((await loss(at, value + step)) - (await loss(at, value - step))) / (2 * step));
    feeds[name]![at] = value;
  }
  return slopes;
}

function assertClose(
  actual: ArrayLike<unknown>,
  expected: readonly number[],
  tolerance: number,
  what: string,
): void {
  assert.equal(actual.length, expected.length, `${what}: count`);
  expected.forEach((value, at) => {
    const error = Math.abs(Number(actual[at]) - value) / Math.max(1, Math.abs(value));
    assert.ok(error <= tolerance, `${what}: element ${at} is ${actual[at]}, not ${value}`);
  });
}

async function check(
  engine: Engine,
  operator: string,
  title: string,
  dtype: DType,
  tolerance: number,
): Promise<void> {
  const known = fixture[operator]![title]!;
  const program = programOf(known, cases[operator]![title]!, dtype);
  checkTypes(toStableHlo(program));
  const executable: CaseExecutable = await engine.compile(program);
  const feeds = Object.fromEntries(Object.entries(known.inputs).map(([name, { values }]) => [name, values]));
  const ran = await executable.run(feeds);
  for (const [i, { values }] of known.results.entries())
    assertClose(await ran.results[`${i}`]!.read(), values, tolerance, `${dtype} result ${i}`);
  for (const [name, { gradient: expected = [], values }] of Object.entries(known.inputs)) {
    const found = ran.gradients[name];
    if (found === undefined) continue;
    const slopes = await found.read();
    assertClose(slopes, expected, tolerance, `${dtype} gradient of ${name}`);
    if (dtype === 'float64' && `${operator}: ${title}` !== rounds)
      assertClose(
        slopes,
        await differences(executable, known.inputs, name),
        Math.max(tolerance, 1e-7),
        `difference by ${name}`,
      );
    const reference = singleOnly[operator];
    if (reference !== undefined) {
      const { weights } = known.results[0]!;
      const h = 1e-5;
      const slope = (x: number, at: number) =>
        (weights[at]! * (reference(x + h) - reference(x - h))) / (2 * h);
      assertClose(slopes, values.map(slope), tolerance, `difference of the reference by ${name}`);
      assertClose(known.results[0]!.values, values.map(reference), 1e-12, 'reference');
    }
  }
  executable.dispose();
}

test('every exported operator has cases, here and in the fixture', async () => {
  const folder = new URL('../../src/tensor/ops/', import.meta.url);
  const exported: string[] = [];
  for (const file of readdirSync(folder)) {
    const module: Record<string, unknown> = await import(new URL(file, folder).href);
    exported.push(...Object.keys(module).filter((name) => typeof module[name] === 'function'));
  }
  // What a model from elsewhere computes is not ours to know: engine/calling.test.ts. Sizes that are only known when a
  // program runs: export/programs.test.ts.
  const elsewhere = ['call', 'repeatFor'];
  const here = exported.filter((name) => !elsewhere.includes(name));
  assert.equal(here.length, exported.length - elsewhere.length);
  assert.deepEqual(Object.keys(cases).sort(), here.sort());
  const titles = (table: Readonly<Record<string, object>>) =>
    Object.entries(table)
      .flatMap(([operator, known]) => Object.keys(known).map((title) => `${operator}: ${title}`))
      .sort();
  assert.deepEqual(titles(cases), titles(fixture));
  assert.ok(Object.values(cases).every((known) => Object.keys(known).length > 0));
});

/** Whether the device has no double kernel for an operator. */
const isSingleOnly = (device: Device, operator: string): boolean =>
  device === 'cpu' && singleOnly[operator] !== undefined;

onEachDevice((engine, device) => {
  for (const [operator, known] of Object.entries(cases))
    describe(operator, () => {
      for (const title of Object.keys(known))
        test(title, async () => {
          await check(engine, operator, title, 'float32', 1e-5);
          if (!isSingleOnly(device, operator))
            await check(
              engine,
              operator,
              title,
              'float64',
              singleStatistics.includes(operator) ? 1e-5 : 1e-9,
            );
        });
    });
});
