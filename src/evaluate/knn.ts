import type { Compiled } from '../engine/index.js';
import { traceCosine } from './programs.js';
import { type Interval, wilson } from './proportion.js';

/** Temperature of the votes (Wu et al. 2018). */
export const VOTE_TEMPERATURE = 0.07;

/** Similarities held at once, so that memory does not grow with the bank. */
const SIMILARITIES = 2 ** 24;

/** A k-NN accuracy with what it was measured on. */
export interface KnnResult {
  readonly accuracy: number;
  /** Wilson's 95 % interval of `accuracy`. */
  readonly interval: Interval;
  /** The accuracy of always naming the commonest class of the bank. */
  readonly commonest: number;
  /** Neighbours that vote: no more than there are in the bank. */
  readonly k: number;
  /** Labelled images that were searched. */
  readonly bank: number;
  /** Labelled images that were asked. */
  readonly asked: number;
}

/** Features [n, D] with the class of each; below 0: none. */
export interface Labelled {
  readonly features: Float32Array;
  readonly labels: Int32Array;
}

/**
 * k nearest neighbours' vote: each votes for its label with weight exp(cosine / .07). Of equally similar ones the
 * lower index is nearer; of labels with equal votes the one whose nearest voter is nearer wins.
 */
export function vote(similarities: ArrayLike<number>, labels: ArrayLike<number>, k: number): number {
  const nearest: number[] = [];
  const above = (i: number, j: number): boolean => (similarities[i] as number) > (similarities[j] as number);
  for (let i = 0; i < similarities.length; i++) {
    if (nearest.length === k && !above(i, nearest[k - 1] as number)) continue;
    let place = nearest.length;
    while (place > 0 && above(i, nearest[place - 1] as number)) place--;
    nearest.splice(place, 0, i);
    if (nearest.length > k) nearest.pop();
  }
  const votes = new Map<number, number>();
  for (const i of nearest) {
    const label = labels[i] as number;
    votes.set(label, (votes.get(label) ?? 0) + Math.exp((similarities[i] as number) / VOTE_TEMPERATURE));
  }
  let best = -1;
  for (const [label, weight] of votes) if (best === -1 || weight > (votes.get(best) as number)) best = label;
  return best;
}

/** The labelled ones of these. */
function labelledOf({ features, labels }: Labelled, width: number): Labelled {
  const places = [...labels.keys()].filter((i) => (labels[i] as number) >= 0);
  if (places.length === labels.length) return { features, labels };
  const rows = new Float32Array(places.length * width);
  places.forEach((place, i) => {
    rows.set(features.subarray(place * width, (place + 1) * width), i * width);
  });
  return { features: rows, labels: Int32Array.from(places, (place) => labels[place] as number) };
}

/** The label that most have; of several the lowest. */
function commonestOf(labels: Int32Array): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && b[0] < a[0]) ? b : a))[0];
}

/**
 * The share of questions whose label their k nearest neighbours in the bank vote for, by cosine; of labelled ones on
 * both sides, of which there must be some.
 */
export async function knnAccuracy(
  compiled: Compiled,
  width: number,
  bank: Labelled,
  asked: Labelled,
  k: number,
): Promise<KnnResult> {
  const known = labelledOf(bank, width);
  const { features, labels } = labelledOf(asked, width);
  const size = known.labels.length;
  const chunk = Math.max(1, Math.min(256, Math.floor(SIMILARITIES / size)));
  const count = labels.length;
  let right = 0;
  for (let first = 0; first < count; first += chunk) {
    const rows = Math.min(chunk, count - first);
    const { similarity } = await compiled.run(
      `cosine ${rows} ${size}`,
      () => traceCosine(rows, size, width),
      { asked: features.subarray(first * width, (first + rows) * width), bank: known.features },
    );
    for (let row = 0; row < rows; row++)
      if (vote(similarity.subarray(row * size, (row + 1) * size), known.labels, k) === labels[first + row])
        right++;
  }
  const commonest = commonestOf(known.labels);
  return {
    accuracy: right / count,
    interval: wilson(right, count),
    commonest: labels.filter((label) => label === commonest).length / count,
    k: Math.min(k, size),
    bank: size,
    asked: count,
  };
}
