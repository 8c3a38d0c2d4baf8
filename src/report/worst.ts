/** Keeps the few worst of many. */
export class Worst<T> {
  #kept: { readonly badness: number; readonly item: T }[] = [];

  /** @param most how many are kept */
  constructor(private readonly most: number) {}

  /** @param badness more is worse; what is not above 0 is no mistake */
  add(badness: number, item: T): void {
    if (!(badness > 0)) return;
    const place = this.#kept.findIndex((each) => each.badness < badness);
    if (place < 0 && this.#kept.length >= this.most) return;
    this.#kept.splice(place < 0 ? this.#kept.length : place, 0, { badness, item });
    this.#kept = this.#kept.slice(0, this.most);
  }

  /** The worst first. */
  get items(): readonly T[] {
    return this.#kept.map(({ item }) => item);
  }
}
