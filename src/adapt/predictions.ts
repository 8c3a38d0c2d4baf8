import type { Compiled } from '../evaluate/compiled.js';
import type { Flat } from '../nn/index.js';
import type { Program } from '../tensor/index.js';
import type { Inputs } from './inputs.js';
import { type Network, type Parts, partsFrom, traceLogits, traceMeans } from './network.js';

/** Inputs in one run. */
const CHUNK = 128;

/**
 * Runs a program on all inputs, a chunk at a time.
 * @param name of the program, as {@link Compiled} wants it
 * @param make traces it for so many inputs; it takes `input` and the feeds, and gives [n, width] as `out`
 * @returns [inputs, width]
 */
async function overAll(
  compiled: Compiled,
  inputs: Inputs,
  width: number,
  name: string,
  make: (size: number) => unknown,
  feeds: object = {},
): Promise<Float32Array> {
  const all = new Float32Array(inputs.length * width);
  for (let first = 0; first < inputs.length; first += CHUNK) {
    const size = Math.min(CHUNK, inputs.length - first);
    const input = await inputs.batch(Int32Array.from({ length: size }, (_, i) => first + i));
    const trace = () => make(size) as Program<unknown, { out: unknown }>;
    const { out } = await compiled.run(`${name} ${inputs.kind} ${size}`, trace, { input, ...feeds });
    all.set(out, first * width);
  }
  return all;
}

/** Logits of one task, [n, classes], of all inputs. @param weights of every part of the network */
export function predictLogits(
  compiled: Compiled,
  network: Network,
  task: string,
  weights: Parts<Flat<Float32Array>>,
  inputs: Inputs,
): Promise<Float32Array> {
  const needed = Object.fromEntries(
    partsFrom(network, inputs.kind).map((part) => [part, weights[part] as Flat<Float32Array>]),
  );
  const make = (size: number): unknown => traceLogits(network, task, inputs.kind, size);
  const classes = network.tasks[task]?.classes ?? 0;
  return overAll(compiled, inputs, classes, `logits ${task}`, make, { weights: needed });
}

/** Mean-pooled latents, [n, D], of inputs that are latents. */
export function meanLatents(compiled: Compiled, network: Network, inputs: Inputs): Promise<Float32Array> {
  const make = (size: number): unknown => traceMeans(network, inputs.kind, size);
  return overAll(compiled, inputs, network.model.encoder.width, 'means', make);
}
