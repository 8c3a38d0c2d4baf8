/** The numbers that tell a collapse. */
export interface Signs {
  /** Images that were looked at. */
  readonly images: number;
  readonly rankMe: number;
  readonly featureDeviation: number;
  readonly knn?: number;
}

/** Of fewer images nothing can be said. */
const FEWEST = 8;

/**
 * In plain words, whether the latents look collapsed, compared with the untrained model's.
 * @param before the same numbers before training, where known
 */
export function verdict(now: Signs, before?: Omit<Signs, 'images'>): string {
  if (now.images < FEWEST) return `too few images to tell (${now.images}; ${FEWEST} are needed)`;
  if (
    now.featureDeviation < 0.05 ||
    (before !== undefined && now.featureDeviation < 0.2 * before.featureDeviation)
  )
    return 'looks collapsed: all images have nearly the same features; try a lower learning rate or a slower target encoder (ema)';
  if (now.rankMe < 2 || (before !== undefined && now.rankMe < 0.25 * before.rankMe))
    return 'looks collapsed: the features use only a few directions; try a lower learning rate or a slower target encoder (ema)';
  if (now.knn !== undefined && before?.knn !== undefined && now.knn < before.knn - 0.02)
    return 'k-NN is below the untrained model; early in training this is common, later it is a sign of collapse';
  return 'no sign of collapse';
}

/** A verdict in a word: its first words, without what to do. */
export const inAWord = (verdict: string): string => verdict.split(/[:;(]/)[0]?.trim() ?? verdict;
