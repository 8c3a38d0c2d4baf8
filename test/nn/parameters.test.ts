import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { blockSpec, type Flat, flatSpecs, initialise, layout, unpack, view } from '../../src/nn/index.js';
import type { ParameterSpec, Parameters } from '../../src/nn/parameters.js';
import { trace } from '../../src/tensor/index.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

const value = (shape: readonly number[], initialise: ParameterSpec['initialise']): ParameterSpec => ({
  shape,
  initialise,
});
const tree = {
  embed: { weight: value([3, 4], { uniform: 0.5 }), bias: value([3], { value: 0 }) },
  token: value([1, 1, 5], { normal: 0.02 }),
  blocks: { '0': { scale: value([2], { value: 1 }) }, '1': { weight: value([2, 1, 3], { normal: 2 }) } },
  column: value([6, 1], { uniform: 1 }),
  single: value([], { value: 7 }),
};
const places = layout(tree);
const numbered = (): Flat<Float32Array> => ({
  matrices: Float32Array.from({ length: 18 }, (_, i) => i),
  vectors: Float32Array.from({ length: 17 }, (_, i) => 100 + i),
});

test('parameters lie one after another in their group, in the order and with the names of the tree', () => {
  assert.deepEqual(
    places.entries.map(({ name, group, offset }) => [name, group, offset]),
    [
      ['embed.weight', 'matrices', 0],
      ['embed.bias', 'vectors', 0],
      ['token', 'vectors', 3],
      ['blocks.0.scale', 'vectors', 8],
      ['blocks.1.weight', 'matrices', 12],
      // One column is no matrix: decay leaves it alone.
      ['column', 'vectors', 10],
      ['single', 'vectors', 16],
    ],
  );
  assert.deepEqual(places.shapes, { matrices: [18], vectors: [17] });
  assert.equal(places.count, 35);
  assert.deepEqual(flatSpecs(places).matrices!.shape, [18]);
  assert.deepEqual(flatSpecs(places).vectors!.shape, [17]);
});

test('the entries of a transformer block cover the flat vectors without gap or overlap', () => {
  const block = layout(blockSpec(8));
  for (const group of ['matrices', 'vectors'] as const) {
    const used = new Uint8Array(block.shapes[group]![0]!);
    for (const entry of block.entries.filter((one) => one.group === group))
      for (let i = 0; i < entry.shape.reduce((a, b) => a * b, 1); i++)
        used[entry.offset + i] = used[entry.offset + i]! + 1;
    assert.ok(used.every((times) => times === 1));
  }
  // Weights 3·8·8 + 8·8 + 2·4·8·8, and biases and norms 4·8 + 3·8 + 8 + 4·8 + 8.
  assert.deepEqual(block.shapes, { matrices: [768], vectors: [104] });
  assert.ok(block.entries.some(({ name }) => name === 'attn.qkv.weight'));
});

test('a view is a window on the flat vector, not a copy', () => {
  const flat = numbered();
  const token = view(flat, places.entries[2]!);
  assert.deepEqual([...token], [103, 104, 105, 106, 107]);
  token[0] = -1;
  assert.equal(flat.vectors![3], -1);
});

test('a large matrix lies for itself, a large vector does not, and a group of nothing is not there', () => {
  const large = layout({
    small: value([2, 3], { value: 0 }),
    large: { weight: value([512, 512], { uniform: 1 }), bias: value([2 ** 18], { value: 0 }) },
  });
  assert.deepEqual(large.shapes, { 'large.weight': [512, 512], matrices: [6], vectors: [2 ** 18] });
  assert.equal(large.count, 2 * 2 ** 18 + 6);
  const flat = initialise(large, 0, 0);
  assert.equal(view(flat, large.entries.find(({ name }) => name === 'large.weight')!).length, 2 ** 18);
  assert.deepEqual(layout({ weight: value([512, 512], { value: 0 }) }).shapes, { weight: [512, 512] });
});

test('unpacked tensors hold the numbers of the views, in their shapes', async () => {
  const flat = numbered();
  const program = trace(
    'unpack',
    flatSpecs(places),
    (inputs) => unpack(places, inputs) as Parameters<unknown>,
  );
  const executable = await engine.compile(program);
  const results = await executable.run(flat);
  const outputs = new Map(program.outputs);
  for (const entry of places.entries) {
    assert.deepEqual(outputs.get(entry.name)!.shape, entry.shape);
    let result = results as unknown as Record<string, unknown>;
    for (const key of entry.name.split('.')) result = result[key] as Record<string, unknown>;
    const values = await (result as unknown as { read(): Promise<Float32Array> }).read();
    assert.deepEqual([...values], [...view(flat, entry)], entry.name);
  }
});

test('the same seed and stream start the same; another seed or stream starts otherwise', () => {
  const first = initialise(places, 3, 0);
  assert.deepEqual(initialise(places, 3, 0), first);
  assert.notDeepEqual(initialise(places, 4, 0).matrices, first.matrices);
  assert.notDeepEqual(initialise(places, 3, 1).matrices, first.matrices);
});

test('two parameters of one shape start with different numbers', () => {
  const twins = layout({ a: value([4, 4], { normal: 1 }), b: value([4, 4], { normal: 1 }) });
  const flat = initialise(twins, 0, 0);
  assert.notDeepEqual(view(flat, twins.entries[0]!), view(flat, twins.entries[1]!));
});

test('initial values have the distribution that the spec names', () => {
  const size = 20000;
  const wide = layout({
    normal: value([size], { normal: 0.3 }),
    uniform: value([size], { uniform: 0.3 }),
    ones: value([size], { value: 1 }),
  });
  const flat = initialise(wide, 0, 0);
  const [normal, uniform, ones] = wide.entries.map((entry) => view(flat, entry)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const mean = (numbers: Float32Array): number => numbers.reduce((sum, one) => sum + one, 0) / size;
  const deviation = (numbers: Float32Array): number => Math.sqrt(mean(numbers.map((one) => one * one)));
  // Standard errors: .3 / √20000 = .002 for the mean, .0015 for the deviation.
  for (const numbers of [normal, uniform]) assert.ok(Math.abs(mean(numbers)) < 0.01);
  assert.ok(Math.abs(deviation(normal) - 0.3) < 0.008);
  assert.ok(Math.abs(deviation(uniform) - 0.3 / Math.sqrt(3)) < 0.008);
  const furthest = uniform.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
  assert.ok(furthest <= 0.3 && furthest > 0.299);
  assert.ok(normal.some((one) => Math.abs(one) > 0.9));
  assert.ok(ones.every((one) => one === 1));
});
