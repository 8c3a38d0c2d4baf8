/** Temperature of the votes (Wu et al. 2018). */
export const VOTE_TEMPERATURE = 0.07;

/** k nearest neighbours' vote: each votes for its label with weight exp(cosine / .07). Ties go to the lower index. */
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
