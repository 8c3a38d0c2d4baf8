import type { Compiled } from '../engine/index.js';
import { flatSpecs, unpack } from '../nn/index.js';
import { purpose, random } from '../random.js';
import {
  constant,
  expand,
  gradient,
  mean,
  mul,
  type Spec,
  scope,
  spec,
  standardise,
  sub,
  sum,
  type Tensor,
  trace,
} from '../tensor/index.js';
import {
  type Action,
  type AugmentationConfig,
  actionSize,
  actionVector,
  type Layouts,
  type ModelConfig,
  type ModelWeights,
  type Predictor,
  predict,
  sampleParameters,
  tokenCount,
  transformations,
  type ViewParameters,
} from '../world-model/index.js';

/** An action that was inferred. */
export interface InferredAction {
  /** Relative to BEFORE; of what destroyed it only that it did is known, and said by 1. */
  readonly action: Action;
  /** Of its prediction from AFTER's latents: the squared error that training lowers, averaged over tokens and features. */
  readonly distance: number;
}

/** Which action leads from one image to another, as far as a world model can tell. */
export interface Inference extends InferredAction {
  /** How far each jitter may be off before the distance rises by a tenth; what the model hardly sees has a wide one. */
  readonly tolerance: Readonly<Record<string, number>>;
  /** The distance where nothing is done. */
  readonly nothing: number;
  /** The best that is another action: other flags, or a jitter off by more than its tolerance. */
  readonly runnerUp: InferredAction;
}

/** Actions that are tried at first, and those of them that are improved; all at once in one run. */
const [TRIED, IMPROVED] = [512, 16];
/** Steps of gradient descent (Adam), and the first one's size in units of the action's vector; it falls to a hundredth. */
const [STEPS, STEP] = [60, 0.15];
/** How far from the best a jitter is tried to see how the distance rises, in units of the action's vector. */
const PROBES = Array.from({ length: IMPROVED / 2 }, (_, i) => 0.05 * 2 ** i);

const jitters = transformations.flatMap((row, at) => (row.kind === 'jitter' ? [{ row, at }] : []));

/** Actions that a search asks of in all. */
const ASKED = TRIED + STEPS * IMPROVED + jitters.length * 2 * PROBES.length;

/** A number of the action's vector → the parameter's change. */
const unit = ({ row }: (typeof jitters)[number]): number => 1 / row.action(row.identity, row.identity + 1);

/**
 * Searches the action whose prediction from BEFORE is nearest to AFTER's latents: of many drawn as in training the
 * nearest are improved by gradient descent through the predictor; flags of what was destroyed stay as drawn.
 * @param before latents of the encoder [1, N, D]
 * @param after latents of the target encoder [1, N, D]
 * @param progress is told the share of the search that is done
 */
export async function inferAction(
  compiled: Compiled,
  {
    model,
    layouts,
    augmentation,
  }: { model: ModelConfig; layouts: Layouts; augmentation: AugmentationConfig },
  weights: ModelWeights,
  { before, after }: { readonly before: Float32Array; readonly after: Float32Array },
  progress: (share: number) => void = () => {},
): Promise<Inference> {
  let asked = 0;
  const ask = async (vectors: readonly Float32Array[]): Promise<Answer[]> => {
    const answers: Answer[] = [];
    for (let first = 0; first < vectors.length; first += IMPROVED) {
      const action = new Float32Array(IMPROVED * actionSize);
      const part = vectors.slice(first, first + IMPROVED);
      for (const [i, vector] of part.entries()) action.set(vector, i * actionSize);
      const { distance, slope } = await compiled.run('infer', () => traceDistance(model, layouts), {
        before,
        after,
        action,
        weights: weights.predictor,
      });
      answers.push(
        ...part.map((vector, i) => ({
          vector,
          distance: distance[i] as number,
          slope: slope.slice(i * actionSize, (i + 1) * actionSize),
        })),
      );
      asked += part.length;
      progress(asked / ASKED);
    }
    return answers;
  };

  const tried = await ask([new Float32Array(actionSize), ...drawActions(augmentation)]);
  const nothing = (tried[0] as Answer).distance;
  const improved = await descend(ask, nearest(tried).slice(0, IMPROVED));
  const [best, ...others] = nearest([...improved, ...tried]) as [Answer, ...Answer[]];
  const tolerance = await tolerances(ask, best);
  const differs = ({ vector }: Answer): boolean =>
    vector.some((value, at) => {
      const jitter = jitters.findIndex((each) => each.at === at);
      return Math.abs(value - (best.vector[at] as number)) > (jitter < 0 ? 0 : (tolerance[jitter] as number));
    });
  const runnerUp = others.find(differs) ?? (others.at(-1) as Answer);
  return {
    ...told(best),
    tolerance: Object.fromEntries(
      jitters.map((jitter, i) => [jitter.row.name, (tolerance[i] as number) * unit(jitter)]),
    ),
    nothing,
    runnerUp: told(runnerUp),
  };
}

interface Answer {
  /** [7], as the predictor is told it. */
  readonly vector: Float32Array;
  readonly distance: number;
  /** Of the distance, by the vector. */
  readonly slope: Float32Array;
}
type Ask = (vectors: readonly Float32Array[]) => Promise<Answer[]>;

const nearest = (answers: readonly Answer[]): Answer[] =>
  [...answers].sort((a, b) => a.distance - b.distance);

/** Actions between views as training draws them; always the same. */
function drawActions(augmentation: AugmentationConfig): Float32Array[] {
  return Array.from({ length: TRIED - 1 }, (_, i) => {
    const draw = (view: 'source' | 'target', key: number): ViewParameters =>
      sampleParameters(random(0, i, key, purpose.jitter), augmentation, view);
    return actionVector(draw('source', 0), draw('target', 1));
  });
}

/** Adam on the jitters of all at once; what comes of each at its best. */
async function descend(ask: Ask, start: readonly Answer[]): Promise<Answer[]> {
  const best = [...start];
  const [means, squares] = [0, 1].map(() => start.map(() => new Float64Array(actionSize))) as [
    Float64Array[],
    Float64Array[],
  ];
  let now = [...start];
  for (let step = 1; step <= STEPS; step++) {
    const size = STEP * 0.01 ** (step / STEPS);
    const moved = now.map(({ vector, slope }, i) => {
      const next = vector.slice();
      const [mean, square] = [means[i] as Float64Array, squares[i] as Float64Array];
      for (const { at } of jitters) {
        const g = slope[at] as number;
        mean[at] = 0.9 * (mean[at] as number) + 0.1 * g;
        square[at] = 0.99 * (square[at] as number) + 0.01 * g * g;
        const direction = (mean[at] as number) / (1 - 0.9 ** step);
        const scale = Math.sqrt((square[at] as number) / (1 - 0.99 ** step)) + 1e-12;
        next[at] = (next[at] as number) - (size * direction) / scale;
      }
      return next;
    });
    now = await ask(moved);
    for (const [i, answer] of now.entries())
      if (answer.distance < (best[i] as Answer).distance) best[i] = answer;
  }
  return best;
}

/** How far each jitter's number goes from the best, to the nearer side, until the distance is a tenth larger. */
async function tolerances(ask: Ask, best: Answer): Promise<number[]> {
  const widths: number[] = [];
  for (const { at } of jitters) {
    const sides = [-1, 1].map((side) => PROBES.map((width) => side * width));
    const answers = await ask(
      sides.flat().map((change) => {
        const vector = best.vector.slice();
        vector[at] = (vector[at] as number) + change;
        return vector;
      }),
    );
    const rises = sides.map((_, side) =>
      crossing(answers.slice(side * PROBES.length, (side + 1) * PROBES.length), best.distance),
    );
    widths.push(Math.min(...rises));
  }
  return widths;
}

/** Where distances at the probes cross 1.1 × the least, a parabola between two; Infinity where they never do. */
function crossing(answers: readonly Answer[], least: number): number {
  let [width, distance] = [0, least];
  for (const [i, answer] of answers.entries()) {
    const next = PROBES[i] as number;
    if (answer.distance >= 1.1 * least)
      return Math.sqrt(
        width ** 2 + ((next ** 2 - width ** 2) * (1.1 * least - distance)) / (answer.distance - distance),
      );
    [width, distance] = [next, answer.distance];
  }
  return Infinity;
}

/** An answer as an action. */
function told({ vector, distance }: Answer): InferredAction {
  const entries = transformations.flatMap((row, at) => {
    const value = vector[at] as number;
    if (row.kind === 'jitter') return [[row.name, value * unit({ row, at })] as const];
    return value === 0 ? [] : [[row.name, 1] as const];
  });
  return { action: Object.fromEntries(entries), distance };
}

/** How far the predictions for actions [K, 7] are from the latents of another image, and the slope by each action. */
function traceDistance(model: ModelConfig, layouts: Layouts) {
  const { encoder, predictor } = model;
  const tokens = tokenCount(encoder);
  const specs = {
    before: spec([1, tokens, encoder.width]),
    after: spec([1, tokens, encoder.width]),
    action: spec([IMPROVED, actionSize]),
    weights: flatSpecs(layouts.predictor) as Record<string, Spec>,
  };
  return trace('infer', specs, ({ before, after, action, weights }) => {
    const parameters = unpack(layouts.predictor, weights as Record<string, Tensor>) as Predictor<Tensor>;
    const everywhere = Int32Array.from({ length: IMPROVED * tokens }, (_, i) => i % tokens);
    const predicted = constant(everywhere, { dtype: 'int32', shape: [IMPROVED, tokens] });
    const context = expand(before as Tensor, [IMPROVED, tokens, encoder.width]);
    const answers = scope('predictor', () =>
      predict(context, action as Tensor, { predicted }, parameters, predictor, encoder),
    );
    const error = sub(answers, standardise(after as Tensor));
    const distance = mean(mul(error, error), [1, 2]);
    const [slope] = gradient(sum(distance), [action as Tensor]);
    return { distance, slope: slope as Tensor };
  });
}
