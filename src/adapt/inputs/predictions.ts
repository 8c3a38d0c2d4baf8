import type { Compiled } from '../../engine/index.js';
import type { Flat } from '../../nn/index.js';
import type { Program } from '../../tensor/index.js';
import { type Network, type Parts, partsFrom, traceLogits, traceMeans } from '../network/network.js';
import type { Answers } from '../tasks/task.js';
import type { Inputs } from './inputs.js';

/** Inputs in one run. */
const CHUNK = 128;

/**
 * Runs a program on all inputs, a chunk at a time.
 * @param name of the program, as {@link Compiled} wants it
 * @param make traces it for so many inputs; it takes `input` and the feeds, and gives [n, …] as `out`
 */
async function* overAll(
  compiled: Compiled,
  inputs: Inputs,
  name: string,
  make: (size: number) => unknown,
  feeds: object = {},
): AsyncGenerator<{ first: number; out: Float32Array }> {
  for (let first = 0; first < inputs.length; first += CHUNK) {
    const size = Math.min(CHUNK, inputs.length - first);
    const input = await inputs.batch(Int32Array.from({ length: size }, (_, i) => first + i));
    const trace = () => make(size) as Program<unknown, { out: unknown }>;
    const { out } = await compiled.run(`${name} ${inputs.kind} ${size}`, trace, { input, ...feeds });
    yield { first, out };
  }
}

/** Logits of one task of all inputs, a chunk at a time. @param weights of every part of the network */
export async function* predictLogits(
  compiled: Compiled,
  network: Network,
  task: string,
  weights: Parts<Flat<Float32Array>>,
  inputs: Inputs,
): AsyncGenerator<Answers> {
  const needed = Object.fromEntries(
    partsFrom(network, inputs.kind).map((part) => [part, weights[part] as Flat<Float32Array>]),
  );
  const make = (size: number): unknown => traceLogits(network, task, inputs.kind, size);
  for await (const { first, out } of overAll(compiled, inputs, `logits ${task}`, make, { weights: needed }))
    yield { first, logits: out };
}

/** Mean-pooled latents, [n, D], of inputs that are latents. */
export async function meanLatents(
  compiled: Compiled,
  network: Network,
  inputs: Inputs,
): Promise<Float32Array> {
  const { width } = network.model.encoder;
  const all = new Float32Array(inputs.length * width);
  const make = (size: number): unknown => traceMeans(network, inputs.kind, size);
  for await (const { first, out } of overAll(compiled, inputs, 'means', make)) all.set(out, first * width);
  return all;
}
