import { adamw, decays, type Flat, type Moments, mapGroups } from '../nn/index.js';
import type { State, Trainable } from '../run/state.js';
import {
  add,
  minimum,
  mul,
  type Program,
  reciprocal,
  type Spec,
  spec,
  sub,
  sum,
  type Tensor,
  trace,
} from '../tensor/index.js';

/** Scalars that follow a schedule, one set a step. */
export interface Rates<T> {
  readonly learningRate: T;
  readonly weightDecay: T;
  /** How much of the target encoder stays. */
  readonly momentum: T;
  readonly meanCorrection: T;
  readonly varianceCorrection: T;
}

export const rateSpecs: Rates<Spec> = {
  learningRate: spec([]),
  weightDecay: spec([]),
  momentum: spec([]),
  meanCorrection: spec([]),
  varianceCorrection: spec([]),
};

/** What every program of a step is fed, its rates among it. */
export interface StepFeeds {
  readonly rates: Rates<readonly number[]>;
  readonly [input: string]: unknown;
}

/** What the state holds of one group of parameters. */
export interface GroupState<T> extends Moments<T> {
  readonly target?: T;
}

/** Something else for each group that is trained. */
export function mapTrainable<A, B>(
  { encoder, predictor }: Trainable<A>,
  make: (value: A, part: 'encoder' | 'predictor', group: string) => B,
): Trainable<B> {
  return {
    encoder: mapGroups(encoder, (value, group) => make(value, 'encoder', group)),
    predictor: mapGroups(predictor, (value, group) => make(value, 'predictor', group)),
  };
}

/** All groups that are trained, one after the other. */
export function listGroups<T>(
  trainable: Trainable<T>,
): { readonly part: 'encoder' | 'predictor'; readonly group: string; readonly value: T }[] {
  return (['encoder', 'predictor'] as const).flatMap((part) =>
    Object.entries(trainable[part]).map(([group, value]) => ({ part, group, value })),
  );
}

/** The state, group by group. */
export function groupsOf<T>({ weights, mean, variance, target }: State<T>): Trainable<GroupState<T>> {
  return mapTrainable(weights, (own, part, group) => {
    const at = (tree: Trainable<T>): T => (tree[part] as Flat<T>)[group] as T;
    const average = part === 'encoder' ? target[group] : undefined;
    const moments = { weights: own, mean: at(mean), variance: at(variance) };
    return average === undefined ? moments : { ...moments, target: average };
  });
}

/** What {@link groupsOf} took apart. */
export function stateOf<T>(groups: Trainable<GroupState<T>>): State<T> {
  return {
    weights: mapTrainable(groups, (group) => group.weights),
    mean: mapTrainable(groups, (group) => group.mean),
    variance: mapTrainable(groups, (group) => group.variance),
    target: mapGroups(groups.encoder, (group) => group.target as T),
  };
}

/** What sums of gradients are multiplied with: clipped to a norm, and their mean. */
export function gradientScale(
  gradientNorm: Tensor,
  { clip, accumulate }: { readonly clip: number; readonly accumulate: number },
): Tensor {
  return mul(minimum(mul(reciprocal(add(gradientNorm, 1e-6)), clip), 1), 1 / accumulate);
}

/** AdamW of one group, and the moving average where there is one. */
export function updateGroup(
  { target, ...moments }: GroupState<Tensor>,
  gradient: Tensor,
  rates: Rates<Tensor>,
  { betas, decaying }: { readonly betas: readonly [number, number]; readonly decaying: boolean },
): GroupState<Tensor> {
  const weightDecay = decaying ? rates.weightDecay : undefined;
  const next = adamw(moments, gradient, { ...rates, weightDecay }, { betas });
  if (target === undefined) return next;
  const average = add(mul(target, rates.momentum), mul(next.weights, sub(1, rates.momentum)));
  return { ...next, target: average };
}

/** What tells the programs that update a group from each other. */
export interface GroupKind {
  /** Number of its axes; sizes are any. */
  readonly rank: number;
  readonly decaying: boolean;
  readonly averaged: boolean;
}

/** The kind of a group. */
export const kindOf = (
  { weights, target }: GroupState<{ readonly shape: readonly unknown[] }>,
  group: string,
): GroupKind => ({
  rank: weights.shape.length,
  decaying: decays(group),
  averaged: target !== undefined,
});

const anySize = (rank: number): Spec => spec(Array.from({ length: rank }, (_, axis) => `size${axis}`));

/** The inputs of {@link traceGroupUpdate}. */
export interface GroupInputs<T> {
  readonly state: GroupState<T>;
  /** As summed. */
  readonly gradient: T;
  readonly scale: T;
  readonly rates: Rates<T>;
}

/** The update of one group of a kind, as a program. */
export function traceGroupUpdate(
  { rank, decaying, averaged }: GroupKind,
  betas: readonly [number, number],
): Program<GroupInputs<Spec>, GroupState<Tensor>> {
  const own = anySize(rank);
  const state = { weights: own, mean: own, variance: own, ...(averaged ? { target: own } : {}) };
  const inputs: GroupInputs<Spec> = { state, gradient: own, scale: spec([]), rates: rateSpecs };
  return trace('update', inputs, (traced) => {
    const { state, gradient, scale, rates } = traced as unknown as GroupInputs<Tensor>;
    return updateGroup(state, mul(gradient, scale), rates, { betas, decaying });
  });
}

/** The sum of the squares of a tensor with so many axes. */
export function traceSquares(rank: number): Program<{ x: Spec }, { squares: Tensor }> {
  return trace('squares', { x: anySize(rank) }, ({ x }) => ({ squares: sum(mul(x, x)) }));
}
