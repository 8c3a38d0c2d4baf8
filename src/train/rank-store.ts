import { tell } from '../ranks/exchange.js';
import type { Ranks } from '../ranks/ranks.js';
import type { RunStore } from '../run/run-store.js';
import type { State } from '../run/state.js';
import { leaves, type Tree } from '../tensor/index.js';

/**
 * The store of a run whose ranks train together: rank 0's. The others need not reach it: they are told what they begin
 * from, and keep nothing.
 */
export function rankStore(ranks: Ranks, store: RunStore): RunStore {
  if (ranks.size === 1) return store;
  const own = ranks.rank === 0 ? store : keepsNothing(store);
  return {
    ...own,
    load: async (state, layouts, note) => {
      const step = await tell(ranks, (await own.load(state, layouts, note)) ?? null);
      for (const { buffer, byteOffset, byteLength } of numbersOf(state))
        await ranks.broadcast(new Uint8Array(buffer, byteOffset, byteLength), 0);
      return step ?? undefined;
    },
    images: async () => (await tell(ranks, (await own.images()) ?? null)) ?? undefined,
  };
}

const nothing = async (): Promise<undefined> => undefined;

/** A store into which nothing is written, and of which only the run is read whose weights it begins with. */
const keepsNothing = ({ name, predecessor, badSamples }: RunStore): RunStore => ({
  name,
  predecessor,
  begin: nothing,
  storedSteps: async () => [],
  load: nothing,
  save: nothing,
  saveModel: nothing,
  images: nothing,
  saveImages: nothing,
  metrics: async () => [],
  addMetric: nothing,
  forgetAfter: nothing,
  badSamples: { name: badSamples.name, read: async () => [], add: nothing },
});

const numbersOf = (state: State<Float32Array>): Float32Array[] =>
  leaves(state as unknown as Tree<Float32Array>, (value) => value instanceof Float32Array).map(
    ([, numbers]) => numbers,
  );
