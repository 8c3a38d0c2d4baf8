import { UserError } from '../errors.js';
import { leaves, type Tree } from '../tensor/index.js';
import { storedSteps } from './checkpoint.js';
import type { Config } from './config.js';

const isArray = (value: unknown): value is Float32Array => value instanceof Float32Array;

/** Training has left the finite numbers: says after which step, what is kept, and what to try. */
export function divergence(run: string, config: Config, step: number, what: string): UserError {
  const kept = storedSteps(run).at(-1);
  return new UserError(
    `${run}: ${what} not finite at step ${step}; ${kept === undefined ? 'there is no checkpoint yet' : `the checkpoint of step ${kept} is kept`}. Try a lower optimiser.learningRate (now ${config.optimiser.learningRate}), a longer optimiser.warmup (${config.optimiser.warmup}) or a smaller optimiser.clip (${config.optimiser.clip}), with another --out`,
  );
}

/** Whether all numbers in a tree of arrays are finite. */
export function allFinite(tree: object): boolean {
  return leaves(tree as Tree<Float32Array>, isArray).every(([, numbers]) => numbers.every(Number.isFinite));
}
