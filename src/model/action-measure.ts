import type { Compiled } from '../engine/index.js';
import { gradient, spec, sum, type Tensor, type Traced, trace } from '../tensor/index.js';
import { actionSize } from '../world-model/index.js';
import type { ActionMeasure } from './search-action.js';

/** What is known of the two images, and how a prediction for an action is compared with it. */
export interface Comparison<Known> {
  /** Of the programs. */
  readonly name: string;
  readonly specs: Known;
  /** What is fed for `specs`. */
  readonly feeds: unknown;
  /** How far actions [count, 7] lead from AFTER [count]. */
  distance(known: Traced<Known>, action: Tensor): Tensor;
}

/** Measures actions by programs, one for each number of actions. */
export function measureByPrograms<Known>(
  compiled: Compiled,
  { name, specs, feeds, distance }: Comparison<Known>,
): ActionMeasure {
  const inputs = (count: number) => ({ known: specs, action: spec([count, actionSize]) });
  return {
    distances: (action, count) =>
      compiled.run(
        `${name} ${count}`,
        () => trace(name, inputs(count), ({ known, action }) => ({ distance: distance(known, action) })),
        { known: feeds, action },
      ),
    slopes: (action, count) =>
      compiled.run(
        `${name}-slopes ${count}`,
        () =>
          trace(`${name}-slopes`, inputs(count), ({ known, action }) => {
            const far = distance(known, action);
            const [slope] = gradient(sum(far), [action]);
            return { distance: far, slope: slope as Tensor };
          }),
        { known: feeds, action },
      ),
  };
}
