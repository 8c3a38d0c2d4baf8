import { UserError } from '../errors.js';
import { partOf, type Ranks } from '../ranks/ranks.js';
import type { Config } from '../run/config.js';

/** What a rank runs of every batch: images that lie together in it, in runs of equal size. */
export interface OwnRuns {
  /** Place of its first image in a batch. */
  readonly first: number;
  /** Runs a step, and images in each. */
  readonly runs: number;
  readonly size: number;
  /** Images of a batch, of all ranks. */
  readonly batch: number;
}

/**
 * The runs of a rank: as few as hold no more images than those of one process do. Those of one process are `accumulate`.
 * @throws UserError where there are fewer images than ranks
 */
export function ownRuns(
  { batch, accumulate }: Pick<Config, 'batch' | 'accumulate'>,
  ranks: Pick<Ranks, 'rank' | 'size'>,
): OwnRuns {
  if (batch < ranks.size)
    throw new UserError(
      `${ranks.size} ranks cannot share a batch of ${batch}: raise batch, or start fewer ranks`,
      2,
    );
  const { first, count } = partOf(ranks, batch);
  let runs = Math.ceil((count * accumulate) / batch);
  while (count % runs !== 0) runs++;
  return { first, runs, size: count / runs, batch };
}
