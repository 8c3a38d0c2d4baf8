// Products in bfloat16: what is rounded, and that nothing else is, by an independent rounding; sums are float32's.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createEngine } from '../../src/engine/create-engine.js';
import { random } from '../../src/random.js';
import * as t from '../../src/tensor/index.js';
import { onEachDevice, skip } from '../engine/each-device.js';
import { toBfloat16 } from './bfloat16.js';
import { checkTypes } from './stablehlo-types.js';

const all = () => true;
const draw = random(11);
const normal = (count: number): Float32Array => Float32Array.from({ length: count }, () => draw.normal());

test('this is how bfloat16 rounds: 8 bits, ties to even', () => {
  const one = 2 ** -7;
  assert.deepEqual(
    [1 + one, 1 + one / 2, 1 + one / 2 + 1e-6, 1 + (3 * one) / 2, -1 - one / 2, 3.5e38].map(toBfloat16),
    [1 + one, 1, 1 + one, 1 + 2 * one, -1, Infinity],
  );
});

describe('the program', () => {
  const specs = { x: t.spec([2, 3, 4]), w: t.spec([5, 4]) };
  const program = t.trace('mixed', specs, ({ x, w }) => {
    const product = t.matmul(x, t.transposeLast(w));
    const shares = t.softmax(product);
    const again = t.matmul(t.fold(t.matmul(shares, w)), t.transposeLast(w));
    return { shares, again, kept: t.scope('views', () => t.matmul(x, t.transposeLast(w))) };
  });
  const rounded = t.roundProducts(program, ({ scope }) => scope !== 'views');
  const of = (type: string) => rounded.nodes.filter((node) => node.type === type);
  const types = (node: t.Node) => [...node.inputs, ...node.outputs].map(({ dtype }) => dtype);

  test('products read and write bfloat16, but those that were not chosen', () => {
    const products = of('MatMul').map((node) => types(node).join());
    const [half, single] = ['bfloat16,bfloat16,bfloat16', 'float32,float32,float32'];
    assert.deepEqual(products.sort(), [half, half, half, single]);
    assert.deepEqual(types(of('Softmax')[0]!), ['float32', 'float32']);
    for (const [name, { dtype }] of [...rounded.inputs, ...rounded.outputs])
      assert.equal(dtype, 'float32', name);
  });

  test('what is read several times is rounded once, before it is moved; between products nothing is rounded anew', () => {
    const casts = of('Cast').map((node) => types(node).join(' to '));
    const [down, up] = ['float32 to bfloat16', 'bfloat16 to float32'];
    // x, w and the shares; the product that softmax reads, and the last one.
    assert.deepEqual(casts.sort(), [up, up, down, down, down]);
    const moved = [...of('Reshape'), ...of('Transpose')].map((node) => node.outputs[0]!.dtype);
    assert.deepEqual(moved.sort(), ['bfloat16', 'bfloat16', 'bfloat16', 'float32']);
  });

  test('as StableHLO every value is used as what it was written as, and half precision asks for no more bits', () => {
    const text = t.toStableHlo(t.simplify(rounded));
    checkTypes(text);
    const products = text.split('\n').filter((line) => line.includes('dot_general'));
    assert.deepEqual(products.map((line) => line.includes('HIGHEST')).sort(), [false, false, false, true]);
  });

  test('counts as many multiply-adds as before', () => {
    const [before, now] = [t.cost(program), t.cost(rounded)];
    assert.deepEqual([now.multiplyAdds, now.inputBytes], [before.multiplyAdds, before.inputBytes]);
  });
});

onEachDevice((engine) => {
  test('a cast rounds to the nearest, ties to even, and so does its gradient', async () => {
    const values = Float32Array.from([1 / 3, -1 / 3, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 3e38, 1e-30, 0, 65537]);
    const count = values.length;
    const program = t.trace('cast', { x: t.spec([count]), pull: t.spec([count]) }, ({ x, pull }) => {
      const y = t.cast(t.cast(x, 'bfloat16'), 'float32');
      return { y, dx: t.gradient(t.sum(t.mul(y, pull)), [x])[0] as t.Tensor };
    });
    const pull = normal(count);
    const { y, dx } = await (await engine.compile(program)).run({ x: values, pull });
    assert.deepEqual(Array.from(await y.read(), Number), Array.from(values, toBfloat16));
    assert.deepEqual(Array.from(await dx.read(), Number), Array.from(pull, toBfloat16));
  });
});

describe('on xla:cpu', { skip }, () => {
  if (skip) return;
  const engine = createEngine({ device: 'xla:cpu' });
  after(() => engine.dispose());

  test('bits go in and come out', async () => {
    const program = t.trace('bits', { x: t.spec([2], 'bfloat16') }, ({ x }) => ({ y: t.reshape(x, [2, 1]) }));
    const { y } = await (await engine.compile(program)).run({ x: Uint16Array.of(0x3f80, 0xc020) });
    assert.deepEqual(await y.read(), Uint16Array.of(0x3f80, 0xc020));
  });

  test('a product is that of rounded factors, rounded at the end', async () => {
    const [batch, rows, inner, columns] = [3, 7, 33, 5];
    const specs = { a: t.spec([batch, rows, inner]), b: t.spec([batch, inner, columns]) };
    const program = t.trace('product', specs, ({ a, b }) => ({ c: t.matmul(a, b) }));
    const a = normal(batch * rows * inner);
    const b = normal(batch * inner * columns);
    const { c } = await (await engine.compile(t.roundProducts(program, all))).run({ a, b });
    const found = (await c.read()) as Float32Array;
    let equal = 0;
    found.forEach((value, at) => {
      const [i, row, column] = [Math.floor(at / columns / rows), Math.floor(at / columns), at % columns];
      let sum = 0;
      let size = 0;
      for (let k = 0; k < inner; k++) {
        const term = toBfloat16(a[row * inner + k]!) * toBfloat16(b[(i * inner + k) * columns + column]!);
        sum += term;
        size += Math.abs(term);
      }
      if (value === toBfloat16(sum)) equal++;
      // Where the exact sum is near the middle of two neighbours, float32's may be on the other side.
      assert.ok(
        Math.abs(value - sum) <= Math.abs(sum) * 2 ** -8 + size * 1e-6,
        `${at}: ${value}, not ${sum}`,
      );
    });
    assert.ok(equal > 0.95 * found.length, `${equal} of ${found.length}`);
  });

  test('sums do not stop where bfloat16 has no next number', async () => {
    const count = 4096;
    const specs = { a: t.spec([1, count]), b: t.spec([count, 1]) };
    const program = t.trace('ones', specs, ({ a, b }) => ({ c: t.matmul(a, b) }));
    const ones = new Float32Array(count).fill(1);
    const { c } = await (await engine.compile(t.roundProducts(program, all))).run({ a: ones, b: ones });
    assert.deepEqual(await c.read(), Float32Array.of(count));
  });
});
