/**
 * Processes that train one model together, each on its part of every batch. What one of them calls all call, in the same
 * order; calls need not wait for each other.
 */
export interface Ranks {
  /** Which one this is, 0 … size − 1. */
  readonly rank: number;
  readonly size: number;
  /** Replaces numbers by their sums over all ranks, the same on each; they must not be touched until then. */
  sum(numbers: Float32Array): Promise<void>;
  /** Replaces bytes by those of rank `root`; they must not be touched until then. */
  broadcast(bytes: Uint8Array, root: number): Promise<void>;
  /** Says that this rank has done its work: from now on it may end. One that ends before that ends all. */
  close(): void;
}

/** A process by itself. */
export const alone: Ranks = {
  rank: 0,
  size: 1,
  sum: async () => {},
  broadcast: async () => {},
  close: () => {},
};

/** Places that lie together among others. */
export interface Part {
  readonly first: number;
  readonly count: number;
}

/** A rank's part of so many places: parts follow each other by rank, and differ by one place at most. */
export function partOf({ rank, size }: Pick<Ranks, 'rank' | 'size'>, places: number): Part {
  const first = Math.floor((rank * places) / size);
  return { first, count: Math.floor(((rank + 1) * places) / size) - first };
}
