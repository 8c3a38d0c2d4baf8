import type { Compiled } from '../evaluate/compiled.js';
import type { Flat } from '../nn/index.js';
import type { Inputs } from './inputs.js';
import { type Network, type Parts, partsFrom, traceLogits, traceMeans } from './network.js';

/** Inputs in one run. */
const CHUNK = 128;

/** Logits of one task, [n, classes], of all inputs. @param weights of every part of the network */
export async function predictLogits(
  compiled: Compiled,
  network: Network,
  task: string,
  weights: Parts<Flat<Float32Array>>,
  inputs: Inputs,
): Promise<Float32Array> {
  const classes = network.tasks[task]?.classes ?? 0;
  const needed = Object.fromEntries(
    partsFrom(network, inputs.kind).map((part) => [part, weights[part] as Flat<Float32Array>]),
  );
  const out = new Float32Array(inputs.length * classes);
  for (let first = 0; first < inputs.length; first += CHUNK) {
    const size = Math.min(CHUNK, inputs.length - first);
    const { logits } = await compiled.run(
      `logits ${task} ${inputs.kind} ${size}`,
      () => traceLogits(network, task, inputs.kind, size),
      {
        input: await inputs.batch(Int32Array.from({ length: size }, (_, i) => first + i)),
        weights: needed,
      },
    );
    out.set(logits, first * classes);
  }
  return out;
}

/** Mean-pooled latents, [n, D], of inputs that are latents. */
export async function meanLatents(
  compiled: Compiled,
  network: Network,
  inputs: Inputs,
): Promise<Float32Array> {
  const { width } = network.model.encoder;
  const out = new Float32Array(inputs.length * width);
  for (let first = 0; first < inputs.length; first += CHUNK) {
    const size = Math.min(CHUNK, inputs.length - first);
    const { features } = await compiled.run(
      `means ${inputs.kind} ${size}`,
      () => traceMeans(network, inputs.kind, size),
      { input: await inputs.batch(Int32Array.from({ length: size }, (_, i) => first + i)) },
    );
    out.set(features, first * width);
  }
  return out;
}
