import { UserError } from '../errors.js';
import type { Config } from '../run/config.js';
import type { RunStore } from '../run/run-store.js';
import { leaves, type Tree } from '../tensor/index.js';

const isArray = (value: unknown): value is Float32Array => value instanceof Float32Array;

/** Training has left the finite numbers: says after which step, what is kept, and what to try. */
export async function divergence(
  store: RunStore,
  config: Config,
  step: number,
  what: string,
): Promise<UserError> {
  const kept = (await store.storedSteps()).at(-1);
  return new UserError(
    `${store.name}: ${what} not finite at step ${step}; ${kept === undefined ? 'there is no checkpoint yet' : `the checkpoint of step ${kept} is kept`}. Try a lower optimiser.learningRate (now ${config.optimiser.learningRate}), a longer optimiser.warmup (${config.optimiser.warmup}) or a smaller optimiser.clip (${config.optimiser.clip}), with another --out`,
  );
}

/** Whether all numbers in a tree of arrays are finite. */
export function allFinite(tree: object): boolean {
  return leaves(tree as Tree<Float32Array>, isArray).every(([, numbers]) => {
    // 0 times a number is 0 only where that is finite; a sum of them is quicker than asking each.
    let zero = 0;
    for (const number of numbers) zero += 0 * number;
    return zero === 0;
  });
}
