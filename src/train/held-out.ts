import type { BadSample, ImageSet } from '../data/image-set.js';
import { everyIndex, namesOf, readDigests } from '../data/known-images.js';
import { UserError } from '../errors.js';
import { purpose, random } from '../random.js';
import { imagesChanged, type KeptImages } from '../run/kept-images.js';
import type { RunStore } from '../run/run-store.js';

/** The training data, and a twentieth of it (at most 512 images) held out for the health panel; by the seed alone. */
export function holdOut(
  images: ImageSet,
  seed: number,
): { training: ImageSet; heldOut: ImageSet; bank: ImageSet } {
  const order = random(seed, purpose.evaluate).permutation(images.length);
  const held = Math.min(512, Math.ceil(images.length / 20));
  return {
    heldOut: images.subset(order.slice(0, held)),
    training: images.subset(order.slice(held)),
    bank: images.subset(order.slice(held, held + 4096)),
  };
}

/** A run's images: what it trains on, those that can be read of what it holds out and of the health panel's bank. */
export interface HeldOutImages extends ReturnType<typeof holdOut> {
  readonly kept: KeptImages;
}

/**
 * Holds out images as {@link holdOut} does, and keeps in `store` which; a run that goes on has the same ones. None that
 * is held out is in the bank, under no name. Waits until both are decoded.
 * @param onBad is told of images that cannot be read, and throws to stop
 * @throws UserError where none is left of either, or where those that the run has kept are no longer the same
 */
export async function keepHeldOut(
  images: ImageSet,
  seed: number,
  store: Pick<RunStore, 'name' | 'images' | 'saveImages'>,
  onBad: (bad: BadSample) => void,
): Promise<HeldOutImages> {
  const { training, ...measured } = holdOut(images, seed);
  const digests = await readDigests(measured.heldOut, everyIndex(measured.heldOut), onBad);
  const now = Array.from(digests, ([index, digest]) => ({ name: measured.heldOut.name(index), digest }));
  const before = await store.images();
  const kept: KeptImages = before ?? { names: namesOf(images), heldOut: now, trained: [] };
  const byName = new Map(now.map(({ name, digest }) => [name, digest]));
  const changed = kept.heldOut.find(({ name, digest }) => byName.get(name) !== digest);
  if (changed) throw imagesChanged(store.name, `${changed.name} is another image`);
  if (before === undefined) await store.saveImages(kept);
  const held = digestsOf(kept);
  const known = await readDigests(measured.bank, everyIndex(measured.bank), onBad);
  const chosen = (set: ImageSet, from: typeof known, isHeld: boolean): ImageSet => {
    const places = [...from].flatMap(([index, digest]) => (held.has(digest) === isHeld ? [index] : []));
    if (places.length > 0) return set.subset(Int32Array.from(places));
    const why = isHeld ? 'can be read' : 'can be read and is no copy of a held-out one';
    throw new UserError(`${images.source}: none of the images to measure on ${why}`);
  };
  return {
    training,
    heldOut: chosen(measured.heldOut, digests, true),
    bank: chosen(measured.bank, known, false),
    kept,
  };
}

/** Digests of the images that a run holds out. */
export const digestsOf = ({ heldOut }: KeptImages): ReadonlySet<string> =>
  new Set(heldOut.map(({ digest }) => digest));
