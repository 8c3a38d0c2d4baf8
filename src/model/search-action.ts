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

/** Actions that are tried at first, those of them that are improved, and those of these that are improved to the end. */
const [TRIED, IMPROVED, FINALISTS] = [512, 16, 4];
/** Steps of gradient descent (Adam) for all that are improved, and for finalists. */
const [EARLY, STEPS] = [15, 45];
/** The first step's size in units of the action's vector; it falls to a hundredth. */
const STEP = 0.15;
/** How far from the best a jitter is tried to see how the distance rises, in units of the action's vector. */
const PROBES = Array.from({ length: 8 }, (_, i) => 0.05 * 2 ** i);
/** Actions that are measured at once where no slope is asked. */
const TOGETHER = 32;
/** About how much longer an action takes whose slope is asked. */
const SLOPE_COST = 3;

/** How far actions lead from AFTER. */
export interface ActionMeasure {
  /** @param actions [count, 7] */
  distances(actions: Float32Array, count: number): Promise<{ readonly distance: Float32Array }>;
  /** With the slope of each distance by its action [count, 7]. */
  slopes(
    actions: Float32Array,
    count: number,
  ): Promise<{ readonly distance: Float32Array; readonly slope: Float32Array }>;
}

/**
 * Searches the action that is likeliest to lead to AFTER: it comes near, and is one that training draws. Of many drawn the
 * likeliest are improved by gradient descent; flags of what was destroyed stay as drawn. Without what is likely, a jitter
 * that hardly shows would be pushed to anything that gains a little.
 * @param observations independent ones, of normal noise of unknown size, that a distance is taken to be the mean of
 * @param progress is told the share of the search that is done
 */
export async function searchAction(
  measure: ActionMeasure,
  augmentation: AugmentationConfig,
  observations: number,
  progress: (share: number) => void = () => {},
): Promise<Inference> {
  const prior = actionPrior(augmentation, TRIED - 1);
  const probed = prior.varied.length * 2 * PROBES.length;
  const all = TRIED + SLOPE_COST * (EARLY * IMPROVED + (STEPS - EARLY) * FINALISTS) + probed;
  let asked = 0;
  const took = (count: number): void => {
    asked += count;
    progress(asked / all);
  };
  const costOf = (vector: Float32Array, distance: number): number =>
    (observations / 2) * Math.log(distance) + prior.cost(vector);

  const ask: Ask<Answer> = async (vectors) => {
    const answers: Answer[] = [];
    for (let first = 0; first < vectors.length; first += TOGETHER) {
      const part = vectors.slice(first, first + TOGETHER);
      const { distance } = await measure.distances(inRows(part, TOGETHER), TOGETHER);
      for (const [i, vector] of part.entries()) {
        const far = distance[i] as number;
        answers.push({ vector, distance: far, cost: costOf(vector, far) });
      }
      took(part.length);
    }
    return answers;
  };
  const askSlopes: Ask<Sloped> = async (vectors) => {
    const { distance, slope } = await measure.slopes(inRows(vectors, vectors.length), vectors.length);
    took(SLOPE_COST * vectors.length);
    return vectors.map((vector, i) => {
      const far = distance[i] as number;
      const own = slope.subarray(i * actionSize, (i + 1) * actionSize);
      const rises = prior.varied.map(
        (at) => ((observations / 2) * (own[at] as number)) / far + prior.slope(vector, at),
      );
      return { vector, distance: far, cost: costOf(vector, far), rises };
    });
  };

  const tried = await ask([new Float32Array(actionSize), ...prior.draws]);
  const nothing = (tried[0] as Answer).distance;
  const improved = await descend(askSlopes, prior, likeliest(tried).slice(0, IMPROVED));
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
}
interface Sloped extends Answer {
  /** Slope of the cost by each number that varies. */
  readonly rises: readonly number[];
}
type Ask<A> = (vectors: readonly Float32Array[]) => Promise<A[]>;

/** Vectors as rows [count, 7]; those beyond them are 0. */
function inRows(vectors: readonly Float32Array[], count: number): Float32Array {
  const rows = new Float32Array(count * actionSize);
  for (const [i, vector] of vectors.entries()) rows.set(vector, i * actionSize);
  return rows;
}

const likeliest = (answers: readonly Answer[]): Answer[] => [...answers].sort((a, b) => a.cost - b.cost);

/** One of those that are improved. */
interface Descent {
  /** Where it is. */
  vector: Float32Array;
  /** The likeliest on its way. */
  best: Answer;
  /** Adam's moments of the slopes. */
  readonly mean: Float64Array;
  readonly square: Float64Array;
}

/** Adam on the jitters of all at once, then of the likeliest alone; what comes of each at its best. */
async function descend(
  ask: Ask<Sloped>,
  { varied }: ActionPrior,
  start: readonly Answer[],
): Promise<Answer[]> {
  const all: Descent[] = start.map((best) => ({
    vector: best.vector,
    best,
    mean: new Float64Array(varied.length),
    square: new Float64Array(varied.length),
  }));
  let going = all;
  for (let step = 0; step < STEPS; step++) {
    if (step === EARLY) going = going.toSorted((a, b) => a.best.cost - b.best.cost).slice(0, FINALISTS);
    const size = STEP * 0.01 ** (step / STEPS);
    const answers = await ask(going.map(({ vector }) => vector));
    for (const [i, answer] of answers.entries()) {
      const descent = going[i] as Descent;
      if (answer.cost < descent.best.cost) descent.best = answer;
      const { mean, square } = descent;
      descent.vector = answer.vector.slice();
      for (const [k, at] of varied.entries()) {
        const rise = answer.rises[k] as number;
        mean[k] = 0.9 * (mean[k] as number) + 0.1 * rise;
        square[k] = 0.99 * (square[k] as number) + 0.01 * rise * rise;
        const direction = (mean[k] as number) / (1 - 0.9 ** (step + 1));
        const scale = Math.sqrt((square[k] as number) / (1 - 0.99 ** (step + 1))) + 1e-12;
        descent.vector[at] = (descent.vector[at] as number) - (size * direction) / scale;
      }
    }
  }
  return all.map(({ best }) => best);
}

/** How far each jitter's number goes from the best, to the nearer side, until the cost is ½ larger; flags not at all. */
async function tolerances(ask: Ask<Answer>, { varied }: ActionPrior, best: Answer): Promise<Float32Array> {
  const changed = (at: number, change: number): Float32Array => {
    const vector = best.vector.slice();
    vector[at] = (vector[at] as number) + change;
    return vector;
  };
  const answers = await ask(
    varied.flatMap((at) => [-1, 1].flatMap((side) => PROBES.map((width) => changed(at, side * width)))),
  );
  const side = (i: number): number =>
    crossing(answers.slice(i * PROBES.length, (i + 1) * PROBES.length), best.cost);
  const widths = new Float32Array(actionSize);
  for (const [k, at] of varied.entries()) widths[at] = Math.min(side(2 * k), side(2 * k + 1));
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
