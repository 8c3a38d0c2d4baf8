import { scope } from './op.js';
import { add, mul, reciprocal, sqrt, sub } from './ops/elementwise.js';
import { mean } from './ops/reduce.js';
import type { Program } from './program.js';
import { again, rewrite } from './rewrite.js';
import type { Float, Tensor } from './tensor.js';

/**
 * The same program, the mean and inverse deviation beside every layer normalisation computed by operators of their
 * own: some devices' LayerNormalization gives only the normalised values, and leaves those outputs empty.
 */
export function spellOutStatistics<I, O>(program: Program<I, O>): Program<I, O> {
  return rewrite(program, (node, inputs) => {
    if (node.type !== 'LayerNormalization') return undefined;
    const [x] = inputs as [Tensor];
    const [normal] = again(node, inputs) as [Tensor];
    const { value: epsilon } = node.attributes.epsilon as Float;
    return scope(node.scope, () => {
      const { center, inverseDeviation } = statistics(x, epsilon);
      return [normal, center, inverseDeviation];
    });
  });
}

/** What layer normalisation takes of the last axis: mean, x − mean, and 1 / √(variance + epsilon). */
export function statistics(
  x: Tensor,
  epsilon: number,
): Readonly<Record<'center' | 'offset' | 'inverseDeviation', Tensor>> {
  const center = mean(x, [-1], true);
  const offset = sub(x, center);
  const inverseDeviation = reciprocal(sqrt(add(mean(mul(offset, offset), [-1], true), epsilon)));
  return { center, offset, inverseDeviation };
}
