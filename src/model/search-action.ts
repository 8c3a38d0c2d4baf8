import { type Action, type AugmentationConfig, actionSize, readAction } from '../world-model/index.js';
import { type ActionPrior, actionPrior } from './action-prior.js';

/** An action that was inferred. */
export interface InferredAction {
  /** Relative to BEFORE; of what destroyed it only that it did is known, and said by 1. */
  readonly action: Action;
  /** Of what it leads to from AFTER: by latents the squared error that training lowers, averaged over tokens and features. */
  readonly distance: number;
}

/** Which action leads from one image to another, as far as a world model can tell. */
export interface Inference extends InferredAction {
  /** Of each jitter about one standard deviation: so far off it is still likely. What the model hardly sees has a wide one. */
  readonly tolerance: Readonly<Record<string, number>>;
  /** The distance where nothing is done. */
  readonly nothing: number;
  /** The best that is another action: other flags, or a jitter off by more than its tolerance. */
  readonly runnerUp: InferredAction;
}

/** Actions that are tried at first, and those of them that are improved; so many are measured at once. */
const TRIED = 512;
export const IMPROVED = 16;
/** Steps of gradient descent (Adam), and the first one's size in units of the action's vector; it falls to a hundredth. */
const [STEPS, STEP] = [60, 0.15];
/** How far from the best a jitter is tried to see how the distance rises, in units of the action's vector. */
const PROBES = Array.from({ length: IMPROVED / 2 }, (_, i) => 0.05 * 2 ** i);

/** How far actions [{@link IMPROVED}, 7] lead from AFTER, and the slope of that by each action. */
export type MeasureActions = (
  actions: Float32Array,
) => Promise<{ readonly distance: Float32Array; readonly slope: Float32Array }>;

/**
 * Searches the action that is likeliest to lead to AFTER: it comes near, and is one that training draws. Of many drawn the
 * likeliest are improved by gradient descent; flags of what was destroyed stay as drawn. Without what is likely, a jitter
 * that hardly shows would be pushed to anything that gains a little.
 * @param observations independent ones, of normal noise of unknown size, that a distance is taken to be the mean of
 * @param progress is told the share of the search that is done
 */
export async function searchAction(
  measure: MeasureActions,
  augmentation: AugmentationConfig,
  observations: number,
  progress: (share: number) => void = () => {},
): Promise<Inference> {
  const prior = actionPrior(augmentation, TRIED - 1);
  const all = TRIED + STEPS * IMPROVED + prior.varied.length * 2 * PROBES.length;
  let asked = 0;
  const ask: Ask = async (vectors) => {
    const answers: Answer[] = [];
    for (let first = 0; first < vectors.length; first += IMPROVED) {
      const actions = new Float32Array(IMPROVED * actionSize);
      const part = vectors.slice(first, first + IMPROVED);
      for (const [i, vector] of part.entries()) actions.set(vector, i * actionSize);
      const { distance, slope } = await measure(actions);
      for (const [i, vector] of part.entries()) {
        const far = distance[i] as number;
        const cost = (observations / 2) * Math.log(far) + prior.cost(vector);
        const own = slope.subarray(i * actionSize, (i + 1) * actionSize);
        const rises = prior.varied.map(
          (at) => ((observations / 2) * (own[at] as number)) / far + prior.slope(vector, at),
        );
        answers.push({ vector, distance: far, cost, rises });
      }
      asked += part.length;
      progress(asked / all);
    }
    return answers;
  };

  const tried = await ask([new Float32Array(actionSize), ...prior.draws]);
  const nothing = (tried[0] as Answer).distance;
  const improved = await descend(ask, prior, likeliest(tried).slice(0, IMPROVED));
  const [best, ...others] = likeliest([...improved, ...tried]) as [Answer, ...Answer[]];
  const tolerance = await tolerances(ask, prior, best);
  const differs = ({ vector }: Answer): boolean =>
    vector.some((value, at) => Math.abs(value - (best.vector[at] as number)) > (tolerance[at] as number));
  const runnerUp = others.find(differs) ?? (others.at(-1) as Answer);
  return {
    ...told(best),
    tolerance: { ...readAction(tolerance) },
    nothing,
    runnerUp: told(runnerUp),
  };
}

interface Answer {
  /** [7], as the predictor is told it. */
  readonly vector: Float32Array;
  readonly distance: number;
  /** Minus the logarithm of how likely the action is to have led to AFTER, up to a constant. */
  readonly cost: number;
  /** Slope of the cost by each number that varies. */
  readonly rises: readonly number[];
}
type Ask = (vectors: readonly Float32Array[]) => Promise<Answer[]>;

const likeliest = (answers: readonly Answer[]): Answer[] => [...answers].sort((a, b) => a.cost - b.cost);

/** Adam on the jitters of all at once; what comes of each at its best. */
async function descend(ask: Ask, { varied }: ActionPrior, start: readonly Answer[]): Promise<Answer[]> {
  const best = [...start];
  const [means, squares] = [0, 1].map(() => start.map(() => new Float64Array(actionSize))) as [
    Float64Array[],
    Float64Array[],
  ];
  let now = [...start];
  for (let step = 1; step <= STEPS; step++) {
    const size = STEP * 0.01 ** (step / STEPS);
    const moved = now.map(({ vector, rises }, i) => {
      const next = vector.slice();
      const [mean, square] = [means[i] as Float64Array, squares[i] as Float64Array];
      for (const [k, at] of varied.entries()) {
        const g = rises[k] as number;
        mean[at] = 0.9 * (mean[at] as number) + 0.1 * g;
        square[at] = 0.99 * (square[at] as number) + 0.01 * g * g;
        const direction = (mean[at] as number) / (1 - 0.9 ** step);
        const scale = Math.sqrt((square[at] as number) / (1 - 0.99 ** step)) + 1e-12;
        next[at] = (next[at] as number) - (size * direction) / scale;
      }
      return next;
    });
    now = await ask(moved);
    for (const [i, answer] of now.entries()) if (answer.cost < (best[i] as Answer).cost) best[i] = answer;
  }
  return best;
}

/** How far each jitter's number goes from the best, to the nearer side, until the cost is ½ larger; flags not at all. */
async function tolerances(ask: Ask, { varied }: ActionPrior, best: Answer): Promise<Float32Array> {
  const widths = new Float32Array(actionSize);
  for (const at of varied) {
    const sides = [-1, 1].map((side) => PROBES.map((width) => side * width));
    const answers = await ask(
      sides.flat().map((change) => {
        const vector = best.vector.slice();
        vector[at] = (vector[at] as number) + change;
        return vector;
      }),
    );
    const widest = sides.map((_, side) =>
      crossing(answers.slice(side * PROBES.length, (side + 1) * PROBES.length), best.cost),
    );
    widths[at] = Math.min(...widest);
  }
  return widths;
}

/** Where costs at the probes cross the least + ½, a parabola between two; the last probe where they never do. */
function crossing(answers: readonly Answer[], least: number): number {
  let [width, cost] = [0, least];
  for (const [i, answer] of answers.entries()) {
    const next = PROBES[i] as number;
    if (answer.cost >= least + 0.5)
      return Math.sqrt(width ** 2 + ((next ** 2 - width ** 2) * (least + 0.5 - cost)) / (answer.cost - cost));
    [width, cost] = [next, answer.cost];
  }
  return width;
}

/** An answer as an action. */
const told = ({ vector, distance }: Answer): InferredAction => ({ action: readAction(vector), distance });
