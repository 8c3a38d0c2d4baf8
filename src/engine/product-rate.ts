import { median } from '../median.js';
import { matmul, spec, trace } from '../tensor/index.js';
import type { Engine } from './index.js';

/** Side of the square matrices. */
const SIDE = 1024;

/** Multiply-adds per second of a float32 product of 1024³: what the machine's matrix units give. */
export interface ProductRate {
  /** The median of `rounds` products, after one that is not counted: the first wakes the threads. */
  measure(rounds: number): Promise<number>;
  dispose(): void;
}

/** Compiles the product once; its operands and its result stay in the engine's memory. */
export async function createProductRate(engine: Engine): Promise<ProductRate> {
  const square = spec([SIDE, SIDE]);
  const product = await engine.compile(
    // The product is written where the last one was: finding memory is not what is measured.
    trace('product', { a: square, b: square, c: square }, ({ a, b }) => ({ c: matmul(a, b) })),
    { updates: 'c' },
  );
  const numbers = new Float32Array(SIDE * SIDE).fill(0.5);
  const value = (data?: Float32Array) =>
    engine.value({ dtype: 'float32', shape: square.shape as number[] }, data);
  const [a, b, c] = [value(numbers), value(numbers), value()];
  return {
    async measure(rounds) {
      const times: number[] = [];
      for (let round = 0; round <= rounds; round++) {
        const start = performance.now();
        await product.run({ a, b, c });
        if (round > 0) times.push(performance.now() - start);
      }
      return (SIDE ** 3 / median(times)) * 1000;
    },
    dispose() {
      product.dispose();
      for (const matrix of [a, b, c]) matrix.dispose();
    },
  };
}
