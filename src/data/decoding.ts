import sharp from 'sharp';
import { systemRefusal } from '../errors.js';
import { decodeImage, type Fit } from './encoded-image.js';
import { EncodedImages, nameOf, type Place } from './encoded-images.js';
import type { Group } from './held-groups.js';
import type { BadSample } from './image-set.js';
import { openStore, type PixelStore, pixelMemory, type StorePlace, slot as state } from './pixel-store.js';
import { placeAmong } from './place-among.js';
import { drawScene } from './scene.js';
import type { Pixels } from './source.js';

/** What a thread decodes. */
export interface DecodeTask {
  readonly sources: readonly { readonly pixels: Pixels; readonly length: number }[];
  /** Places among the images of all sources, ascending: which image each slot of the store is for. */
  readonly chosen: Int32Array;
  readonly size: number;
  readonly fit: Fit;
  /** Where the pixels go: uint8 [size, size, 3] a slot. */
  readonly store: StorePlace;
  /** uint8 [n]: how each slot stands */
  readonly done: SharedArrayBuffer;
  /** The slots that are this thread's to fill: `first` … `end` − 1. */
  readonly own: { readonly first: number; readonly end: number };
}

/** What comes of it: a slot that failed, memory in the place of a full disk, what keeps it from going on; `done` says the rest. */
export type Found =
  | (BadSample & { readonly slot: number })
  | { readonly spare: SharedArrayBuffer; readonly reason: string }
  | { readonly stopped: string };

/** Images decoded at once: as many as Node has threads for it. */
const TOGETHER = 4;
/** Encoded images held at most, before the oldest group is decoded to its end. */
const HELD_BYTES = 256 * 2 ** 20;

sharp.concurrency(1);
sharp.cache(false);

/** The decoding of some images: what is wanted is filled in, until it is ended. */
export class Decoding {
  readonly #store: PixelStore;
  readonly #done: Uint8Array;
  readonly #begun: Uint8Array;
  /** Takes the pixels that the disk has no room for. */
  #spare: PixelStore | undefined;
  readonly #encoded = new EncodedImages();
  /** Slots still wanted, the first order first. */
  readonly #orders: { readonly slots: Int32Array; position: number }[] = [];
  /** What is under way; undefined while nothing is wanted. */
  #work: Promise<void> | undefined;
  #ended = false;

  constructor(
    private readonly task: DecodeTask,
    private readonly tell: (found: Found) => void,
  ) {
    this.#store = openStore(task.store, task.size ** 2 * 3);
    this.#done = new Uint8Array(task.done);
    this.#begun = new Uint8Array(this.#done.length);
  }

  /** Fills slots: at once, or after all that are wanted so far. */
  want(slots: Int32Array, when: 'now' | 'later'): void {
    const order = { slots, position: 0 };
    if (when === 'now') this.#orders.unshift(order);
    else this.#orders.push(order);
    // Also where nothing is left to do, and so nothing is waited for, it is under way before it is done.
    if (!this.#ended)
      this.#work ??= this.#decodeWanted().finally(() => {
        this.#work = undefined;
      });
  }

  /** Begins nothing more; waits until what was begun is done. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#work;
    await this.#encoded.close();
  }

  async #decodeWanted(): Promise<void> {
    const { groups } = this.#encoded;
    const isFull = (): boolean => groups.bytes > HELD_BYTES;
    const take = (): number | undefined => (this.#ended || isFull() ? undefined : this.#next());
    try {
      for (let slot = this.#next(); slot !== undefined && !this.#ended; slot = this.#next()) {
        await this.#attempt(slot);
        await this.#decodeAll(take);
        await this.#makeRoom();
      }
    } catch (error) {
      // The pixels cannot be kept: nothing would come of going on.
      this.#ended = true;
      this.tell({ stopped: (error as Error).message });
    }
  }

  /** The next slot to begin; undefined when nothing is wanted. */
  #next(): number | undefined {
    for (let [order] = this.#orders; order !== undefined; [order] = this.#orders) {
      const slot = order.slots[order.position++];
      if (slot === undefined) this.#orders.shift();
      else if (this.#begun[slot] === 0) return slot;
    }
    return undefined;
  }

  /** Decodes what `take` gives, several at once, until it gives nothing. */
  async #decodeAll(take: () => number | undefined): Promise<void> {
    const lane = async (): Promise<void> => {
      for (let slot = take(); slot !== undefined; slot = take()) {
        await this.#attempt(slot);
        await breathe();
      }
    };
    await Promise.all(Array.from({ length: TOGETHER }, lane));
  }

  async #attempt(slot: number): Promise<void> {
    if (this.#begun[slot] !== 0) return;
    this.#begun[slot] = 1;
    if (!this.#store.holds(slot)) {
      const place = placeAmong(this.task.sources, this.task.chosen[slot] ?? -1);
      const pixels = await this.#load(place).catch(({ message }: Error) => {
        this.tell({ slot, sample: nameOf(place), reason: message });
        Atomics.store(this.#done, slot, state.failed);
      });
      if (pixels !== undefined) Atomics.store(this.#done, slot, this.#keep(slot, pixels));
    } else Atomics.store(this.#done, slot, state.stored);
  }

  async #load(place: Place): Promise<Uint8Array> {
    const { size, fit } = this.task;
    if (place.source.kind !== 'synthetic')
      return (await decodeImage(await this.#encoded.read(place), size, fit)).data;
    const pixels = new Uint8Array(size ** 2 * 3);
    drawScene(place.source.first + place.at, size, pixels);
    return pixels;
  }

  /** Puts pixels where there is room for them. @returns how their slot stands now */
  #keep(slot: number, pixels: Uint8Array): number {
    if (this.#spare === undefined) {
      try {
        this.#store.write(slot, pixels);
        return state.stored;
      } catch (error) {
        this.#spare = this.#openSpare(error as Error);
      }
    }
    this.#spare.write(slot, pixels);
    return state.spare;
  }

  /** Memory for what the disk refuses to take. @throws Error where there is not enough of it either */
  #openSpare(error: Error): PixelStore {
    const { store, size } = this.task;
    const reason = systemRefusal(Object.assign(error, 'name' in store ? { path: store.name } : {}));
    if (reason === undefined) throw error;
    const bytes = pixelMemory(this.#done.length * size ** 2 * 3);
    if (bytes === undefined) throw new Error(`${reason}; and they do not fit in memory`);
    this.tell({ spare: bytes, reason });
    return openStore({ kind: 'memory', bytes }, size ** 2 * 3);
  }

  /** So that every group is read once, whatever the order: one that has to go is decoded whole before. */
  async #makeRoom(): Promise<void> {
    const { groups } = this.#encoded;
    while (groups.bytes > HELD_BYTES && !this.#ended) {
      const oldest = await groups.oldest();
      if (oldest === undefined) return;
      const slots = this.#slotsOf(oldest);
      await this.#decodeAll(() => slots.pop());
      groups.letGo(oldest);
    }
  }

  /** This thread's slots for the images of a group. */
  #slotsOf({ path, start, end }: Group): number[] {
    const { sources, chosen, own } = this.task;
    let first = 0;
    for (const { pixels: source, length } of sources) {
      const files = source.kind === 'parquet' || source.kind === 'tar' ? source.files : [];
      const file = files.findIndex((each) => each.path === path);
      if (file >= 0) {
        const before = files.slice(0, file).reduce((total, { rows }) => total + rows, first);
        return [...chosen.keys()].filter((slot) => {
          const row = (chosen[slot] ?? -1) - before;
          return row >= start && row < end && slot >= own.first && slot < own.end;
        });
      }
      first += length;
    }
    return [];
  }
}

/** Lets new wishes in. */
const breathe = (): Promise<void> => new Promise((ready) => setImmediate(ready));
