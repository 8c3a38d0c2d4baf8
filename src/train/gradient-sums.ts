import { type Engine, release, type Value } from '../engine/index.js';
import type { Ranks } from '../ranks/ranks.js';
import type { Trainable } from '../run/state.js';
import { listGroups, mapTrainable } from './update.js';

/**
 * Numbers from which on a bucket is summed, 16 MiB: many small sums would wait for messages, and one large could not begin
 * before all is read out of the engine.
 */
const FULL = 2 ** 22;

/** Sums gradients over ranks, group after group in buckets: one is on its way while the next is read out of the engine. */
export class GradientSums {
  /** Memory of the buckets, from one step to the next. */
  readonly #buckets: Float32Array[] = [];

  constructor(
    private readonly engine: Engine,
    private readonly ranks: Ranks,
  ) {}

  /** @param own this rank's; disposed of @returns the sums, to be used up before the next are asked for */
  async of(own: Trainable<Value>): Promise<Trainable<Value>> {
    if (this.ranks.size === 1) return own;
    const summed = new Map<Value, Value>();
    const sums: Promise<void>[] = [];
    for (const [i, values] of inBuckets(listGroups(own).map(({ value }) => value)).entries()) {
      const bucket = this.#bucket(i, values);
      let at = 0;
      for (const value of values) {
        const place = bucket.subarray(at, at + lengthOf(value));
        place.set((await value.read()) as Float32Array);
        summed.set(value, this.engine.value(value, place));
        at += place.length;
      }
      sums.push(this.ranks.sum(bucket));
    }
    await Promise.all(sums);
    release(own);
    return mapTrainable(own, (value) => summed.get(value) as Value);
  }

  #bucket(i: number, values: readonly Value[]): Float32Array {
    this.#buckets[i] ??= new Float32Array(values.reduce((sum, value) => sum + lengthOf(value), 0));
    return this.#buckets[i];
  }
}

const lengthOf = ({ shape }: Value): number => shape.reduce((a, b) => a * b, 1);

/** Values one after the other, each bucket but the last full. */
function inBuckets(values: readonly Value[]): Value[][] {
  const buckets: Value[][] = [];
  let filled = FULL;
  for (const value of values) {
    if (filled >= FULL) {
      buckets.push([]);
      filled = 0;
    }
    buckets.at(-1)?.push(value);
    filled += lengthOf(value);
  }
  return buckets;
}
