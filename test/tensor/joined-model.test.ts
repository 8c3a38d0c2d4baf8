import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { random } from '../../src/random.js';
import * as t from '../../src/tensor/index.js';
import { cases, type Inputs } from './operator-cases.js';

const joined = readFileSync(new URL('../fixtures/joined-model.onnx', import.meta.url));
// Loaded first, so that the runtime tells nobody what it runs.
const engine = createEngine({ threads: 1, models: { joined } });
after(() => engine.dispose());
const { InferenceSession, Tensor } = await import('onnxruntime-node');

type Numbers = { readonly shape: readonly number[]; readonly values: readonly number[] };
type Case = {
  readonly inputs: Readonly<Record<string, Numbers & { readonly dtype: string }>>;
  readonly results: readonly Numbers[];
};
const fixture: Record<string, Record<string, Case>> = JSON.parse(
  readFileSync(new URL('../fixtures/operators.json', import.meta.url), 'utf8'),
).operators;

const free: t.CallCost = { multiplyAdds: 0, bytes: 0 };
const called = (x: t.Tensor): t.Tensor => t.call({ name: 'joined', output: 'y' }, x, t.spec(x.shape), free);

test('a model is a part of the file: its branches, functions, inputs left out and names that others have', async () => {
  // Once on what is fed, once on what is computed; its names are ours too.
  const program = t.trace('twice', { pixel_values: t.spec(['rows', 3]) }, ({ pixel_values }) => {
    const once = called(pixel_values);
    return { logits: once, y: t.gelu(called(t.sub(once, pixel_values))) };
  });
  const session = await InferenceSession.create(t.toOnnx(program, (path) => path, { joined }));
  assert.deepEqual([session.inputNames, session.outputNames], [['pixel_values'], ['logits', 'y']]);
  const executable = await engine.compile(program);
  const known: { x: number[][]; y: number[][] }[] = JSON.parse(
    readFileSync(new URL('../fixtures/joined-model.json', import.meta.url), 'utf8'),
  );
  for (const { x, y } of known) {
    const pixel_values = Float32Array.from(x.flat());
    const found = await session.run({ pixel_values: new Tensor(pixel_values, [x.length, 3]) });
    assert.deepEqual([...(found.logits!.data as Float32Array)], y.flat());
    const apart = await executable.run({ pixel_values });
    const expected = [...(await apart.y.read())].map(Number);
    [...(found.y!.data as Float32Array)].forEach((value, i) => {
      assert.ok(Math.abs(value - expected[i]!) < 1e-6, `${value} ${expected[i]}`);
    });
  }
  await session.release();
});

test('one that is not given stays a call; two models in one file are refused', () => {
  const program = t.trace('two', { x: t.spec([1, 3]) }, ({ x }) => ({
    y: t.call({ name: 'other', output: 'y' }, called(x), t.spec(x.shape), free),
  }));
  assert.deepEqual(t.readOnnxHeader(t.toOnnx(program)).operators, ['Call', 'Call']);
  assert.throws(() => t.toOnnx(program, undefined, { joined }), /^Error: two calls several models/);
});

/** A model of an operator set that gives what it is fed. */
function passing(set: number): Uint8Array {
  const bytes = t.toOnnx(t.trace('same', { x: t.spec([1]) }, ({ x }) => ({ y: x })));
  const imported = Buffer.from(bytes).indexOf(Uint8Array.of(0x42, 4, 0x0a, 0, 0x10, 20));
  bytes[imported + 5] = set;
  return bytes;
}

describe('what operators give in another operator set is what PyTorch gives', () => {
  // Sets below those that brought something, and one that is younger than ours.
  for (const set of [11, 12, 14, 16, 17, 19, 24])
    test(`${set}`, async () => {
      const model = passing(set);
      const draw = random(set);
      for (const [operator, known] of Object.entries(cases))
        for (const [title, build] of Object.entries(known)) {
          if (set < 12 && operator === 'gatherTokens') continue;
          const what = `${operator}: ${title}`;
          const { inputs, results } = fixture[operator]![title]!;
          const dtype = (each: { readonly dtype: string }): t.DType =>
            each.dtype.startsWith('float') ? 'float32' : (each.dtype as t.DType);
          const specs = Object.fromEntries(
            Object.entries(inputs).map(([name, each]) => [name, t.spec(each.shape, dtype(each))]),
          );
          const program = t.trace('case', { ...specs, one: t.spec([1]) }, ({ one, ...traced }) => {
            const built = build(traced as unknown as Inputs, 'float32');
            const same = t.call({ name: 'model', output: 'out.y' }, one as t.Tensor, t.spec([1]), free);
            return { same, ...(Array.isArray(built) ? built : [built]) };
          });
          const bytes = t.toOnnx(program, undefined, { model });
          assert.equal(t.readOnnxHeader(bytes).operatorSet, set);
          const session = await InferenceSession.create(bytes, { graphOptimizationLevel: 'disabled' });
          const one = draw.normal();
          const found = await session.run({
            one: new Tensor('float32', [one], [1]),
            ...Object.fromEntries(
              Object.entries(inputs).map(([name, each]) => [
                name,
                new Tensor(dtype(each) as 'float32', t.toData(dtype(each), each.values) as Float32Array, [
                  ...each.shape,
                ]),
              ]),
            ),
          });
          assert.deepEqual([...(found['out.same']!.data as Float32Array)], [Math.fround(one)]);
          for (const [i, { values, shape }] of results.entries()) {
            const { data, dims } = found[`out.${i}`]!;
            assert.deepEqual(dims, shape, what);
            values.forEach((value, at) => {
              const error = Math.abs(Number(data[at]) - value) / Math.max(1, Math.abs(value));
              assert.ok(error <= 1e-5, `${what}: element ${at} is ${data[at]}, not ${value}`);
            });
          }
          await session.release();
        }
    });
});
