import type { ImageSet } from '../data/image-set.js';
import { everyIndex, namesOf, type OnBad, readDigests } from '../data/known-images.js';
import { UserError } from '../errors.js';
import { purpose, random } from '../random.js';
import { imagesChanged, type KeptImages } from '../run/kept-images.js';
import type { RunStore } from '../run/run-store.js';

/** Held-out images that are enough to tell a collapse by. */
const ENOUGH = 8;

/**
 * The training data, and a twentieth of it (at most 512 images) held out for the health panel; of few images more, up
 * to a quarter. By the seed alone.
 * @param before what the run that this one begins from has kept: images that are new to it are held out first
 */
export function holdOut(
  images: ImageSet,
  seed: number,
  before?: Pick<KeptImages, 'names' | 'heldOut'>,
): { training: ImageSet; heldOut: ImageSet; bank: ImageSet } {
  const { length } = images;
  const drawn = random(seed, purpose.evaluate).permutation(length);
  const seen = new Set(before?.names);
  for (const { name } of before?.heldOut ?? []) seen.delete(name);
  const isSeen = (index: number): boolean => seen.size > 0 && seen.has(images.name(index));
  const order = Int32Array.from([...drawn.filter((index) => !isSeen(index)), ...drawn.filter(isSeen)]);
  const held = Math.min(512, Math.max(Math.ceil(length / 20), Math.min(ENOUGH, Math.floor(length / 4))));
  return {
    heldOut: images.subset(order.slice(0, held)),
    training: images.subset(order.slice(held)),
    bank: images.subset(order.slice(held, held + 4096)),
  };
}

/** A run's images: what it trains on, and those that can be read of what it holds out. */
export interface HeldOutImages extends Omit<ReturnType<typeof holdOut>, 'bank'> {
  readonly kept: KeptImages;
  /**
   * Of the health panel's bank the first `most`, as far as they can be read and are no copies of held-out images;
   * waits until they are decoded. @throws UserError where none is left; as `onBad`
   */
  readBank(most: number): Promise<ImageSet>;
}

/**
 * Holds out images as {@link holdOut} does, and keeps in `store` which; a run that goes on has the same ones. Waits until
 * these are decoded.
 * @param onBad is told of images that cannot be read, and throws to stop
 * @param before what the run that this one begins from has kept: nothing that it was trained on is held out
 * @throws UserError where none is left, or where those that the run has kept are no longer the same
 */
export async function keepHeldOut(
  images: ImageSet,
  seed: number,
  store: Pick<RunStore, 'name' | 'images' | 'saveImages'>,
  onBad: OnBad,
  before?: KeptImages,
): Promise<HeldOutImages> {
  const { training, ...measured } = holdOut(images, seed, before);
  const seen = new Set(before?.trained);
  const digests = await readDigests(measured.heldOut, everyIndex(measured.heldOut), onBad);
  const unseen = new Map([...digests].filter(([, digest]) => !seen.has(digest)));
  const now = Array.from(unseen, ([index, digest]) => ({ name: measured.heldOut.name(index), digest }));
  const earlier = await store.images();
  const kept: KeptImages = earlier ?? { names: namesOf(images), heldOut: now, trained: [...seen] };
  const byName = new Map(now.map(({ name, digest }) => [name, digest]));
  const changed = kept.heldOut.find(({ name, digest }) => byName.get(name) !== digest);
  if (changed) throw imagesChanged(store.name, `${changed.name} is another image`);
  const held = digestsOf(kept);
  const chosen = (set: ImageSet, from: typeof digests, isHeld: boolean): ImageSet =>
    set.subset(
      Int32Array.from([...from].flatMap(([index, digest]) => (held.has(digest) === isHeld ? [index] : []))),
    );
  const none = (why: string): UserError =>
    new UserError(`${images.source}: none of the images to measure on ${why}`);
  if (now.length === 0)
    throw none(before === undefined ? 'can be read' : 'can be read and was not trained on already');
  if (earlier === undefined) await store.saveImages(kept);
  return {
    training,
    heldOut: chosen(measured.heldOut, digests, true),
    kept,
    readBank: async (most) => {
      const bank = measured.bank.subset(everyIndex(measured.bank).slice(0, most));
      const readable = chosen(bank, await readDigests(bank, everyIndex(bank), onBad), false);
      if (most > 0 && readable.length === 0) throw none('can be read and is no copy of a held-out one');
      return readable;
    },
  };
}

/** Digests of the images that a run holds out. */
export const digestsOf = ({ heldOut }: KeptImages): ReadonlySet<string> =>
  new Set(heldOut.map(({ digest }) => digest));
