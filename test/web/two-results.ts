import { Compiled } from '../../src/engine/compiled.js';
import { createWebEngine } from '../../src/engine/onnxruntime-web.js';
import { add, mul, spec, trace } from '../../src/tensor/index.js';

const page = globalThis as unknown as {
  readonly navigator: { readonly gpu?: { requestAdapter(): Promise<object | null> } };
};

/** In a page: what a program with two results of its numbers gives on WebGPU; undefined where the browser has none. */
export async function twoResults(numbers: readonly number[]): Promise<number[][] | undefined> {
  const { gpu } = page.navigator;
  if (!(await gpu?.requestAdapter())) return undefined;
  const engine = await createWebEngine({ device: 'webgpu', wasm: '/' });
  const programs = new Compiled(engine);
  const shape = spec([numbers.length]);
  const program = () => trace('two', { x: shape }, ({ x }) => ({ sum: add(x, x), square: mul(x, x) }));
  const { sum, square } = await programs.run('two', program, { x: Float32Array.from(numbers) });
  engine.dispose();
  return [[...sum], [...square]];
}
