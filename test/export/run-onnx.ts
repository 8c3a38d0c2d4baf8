import assert from 'node:assert/strict';
import { createEngine } from '../../src/engine/create-engine.js';

// Loaded first, so that the runtime tells nobody what it runs.
createEngine({ threads: 1 }).dispose();
const { InferenceSession, Tensor } = await import('onnxruntime-node');

/** Runs an ONNX file as anybody would. @param feeds inputs as numbers and sizes */
export async function runOnnx(
  file: string,
  feeds: Readonly<Record<string, readonly [Float32Array | Int32Array, readonly number[]]>>,
): Promise<Record<string, { data: Float32Array; dims: readonly number[] }>> {
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1 });
  const tensors = Object.entries(feeds).map(([name, [data, dims]]) => [
    name,
    data instanceof Int32Array ? new Tensor('int32', data, dims) : new Tensor('float32', data, dims),
  ]);
  const results = await session.run(Object.fromEntries(tensors));
  await session.release();
  return results as Record<string, { data: Float32Array; dims: readonly number[] }>;
}

/** ‖found − expected‖ / ‖expected‖ */
export function relative(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, length] = [0, 0];
  for (let i = 0; i < Math.max(found.length, expected.length); i++) {
    difference += (found[i]! - expected[i]!) ** 2;
    length += expected[i]! ** 2;
  }
  return Math.sqrt(difference / length);
}

/** Images [n, 3, …] in 0..1 as an export's graph takes them, by its preprocessor_config.json. */
export function normalised(
  pixels: Float32Array,
  { image_mean, image_std }: { image_mean: number[]; image_std: number[] },
  side: number,
): Float32Array {
  return pixels.map((value, i) => {
    const channel = Math.floor(i / side ** 2) % 3;
    return (value - image_mean[channel]!) / image_std[channel]!;
  });
}

/** @param most relative difference */
export function close(found: ArrayLike<number>, expected: ArrayLike<number>, most: number, what = ''): void {
  const difference = relative(found, expected);
  assert.ok(difference < most, `${what} differs by ${difference}, not below ${most}`);
}
