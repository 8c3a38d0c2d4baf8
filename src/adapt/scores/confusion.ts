/** So many images, or pixels, of class `truth` were taken for class `told`. */
export interface Confused {
  readonly truth: number;
  readonly told: number;
  readonly count: number;
}

/** What was taken for what: only pairs that occur, by truth, then by what was told. Grows with them, not with classes². */
export type Confusion = readonly Confused[];

/** Counts of pairs of classes. */
export class ConfusionCount {
  readonly #counts = new Map<number, number>();

  /** @param classes how many there are */
  constructor(private readonly classes: number) {}

  add(truth: number, told: number): void {
    const pair = truth * this.classes + told;
    this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + 1);
  }

  get confusion(): Confusion {
    return [...this.#counts]
      .sort(([a], [b]) => a - b)
      .map(([pair, count]) => ({
        truth: Math.floor(pair / this.classes),
        told: pair % this.classes,
        count,
      }));
  }
}

/** How many were of each class in truth, how many were told to be, and how many were both; by class, where any was. */
export function totals(confusion: Confusion): Map<number, { truth: number; told: number; right: number }> {
  const all = new Map<number, { truth: number; told: number; right: number }>();
  const of = (label: number) => {
    const own = all.get(label) ?? { truth: 0, told: 0, right: 0 };
    all.set(label, own);
    return own;
  };
  for (const { truth, told, count } of confusion) {
    of(truth).truth += count;
    of(told).told += count;
    if (truth === told) of(truth).right += count;
  }
  return all;
}

/** Pairs of different classes, those that occur most first. */
export const worstPairs = (confusion: Confusion, most: number): Confusion =>
  confusion
    .filter(({ truth, told }) => truth !== told)
    .sort((a, b) => b.count - a.count)
    .slice(0, most);

/** As rows of counts, [truth][told]; for few classes. */
export function table(confusion: Confusion, classes: number): number[][] {
  const rows = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const { truth, told, count } of confusion) {
    const row = rows[truth];
    if (row !== undefined) row[told] = count;
  }
  return rows;
}
