import type { Compiled } from '../engine/index.js';
import { traceCosine } from './programs.js';

/** Temperature of the votes (Wu et al. 2018). */
export const VOTE_TEMPERATURE = 0.07;

/** Similarities held at once, so that memory does not grow with the bank. */
const SIMILARITIES = 2 ** 24;

/** A k-NN accuracy with what it was measured on. */
export interface KnnResult {
  readonly accuracy: number;
  readonly standardError: number;
  readonly k: number;
  readonly bank: number;
  readonly asked: number;
}

/** Features [n, D] with the class of each. */
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

/** The share of questions whose label their k nearest neighbours in the bank vote for, by cosine. */
export async function knnAccuracy(
  compiled: Compiled,
  width: number,
  bank: Labelled,
  asked: Labelled,
  k: number,
): Promise<KnnResult> {
  const size = bank.labels.length;
  const chunk = Math.max(1, Math.min(256, Math.floor(SIMILARITIES / size)));
  const count = asked.labels.length;
  let right = 0;
  for (let first = 0; first < count; first += chunk) {
    const rows = Math.min(chunk, count - first);
    const { similarity } = await compiled.run(
      `cosine ${rows} ${size}`,
      () => traceCosine(rows, size, width),
      { asked: asked.features.subarray(first * width, (first + rows) * width), bank: bank.features },
    );
    for (let row = 0; row < rows; row++)
      if (
        vote(similarity.subarray(row * size, (row + 1) * size), bank.labels, k) === asked.labels[first + row]
      )
        right++;
  }
  const accuracy = right / count;
  const standardError = Math.sqrt((accuracy * (1 - accuracy)) / count);
  return { accuracy, standardError, k, bank: size, asked: count };
}
