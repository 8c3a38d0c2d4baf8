import type { ImageSet } from '../data/image-set.js';
import { findKnown, namesOf, type OnBad, readDigests } from '../data/known-images.js';
import type { KeptImages } from './kept-images.js';

/** Images to measure on. */
export interface AskedImages {
  /** Where they lie in their set. */
  readonly places: Int32Array;
  /** Which they are, and what of the set is not asked: a few words each. */
  readonly words: readonly string[];
}

/** Of the set that a training held images out of: those, wherever they lie in it now, and no others. */
export async function askHeldOut(
  images: ImageSet,
  { names, heldOut }: KeptImages,
  onBad: OnBad,
): Promise<AskedImages> {
  const { found, missing } = await findKnown(images, heldOut, onBad);
  const known = new Set([...names, ...Array.from(found, (place) => images.name(place))]);
  const strange = namesOf(images).filter((name) => !known.has(name)).length;
  return {
    places: found,
    words: [
      'held out of training',
      ...(missing === 0 ? [] : [`missing or changed since: ${missing} more of these`]),
      ...(strange === 0 ? [] : [`not asked, as training did not know the name: ${strange}`]),
    ],
  };
}

/** Of any set: the images that were not trained on. @param candidates where to look, in which order */
export async function askUnseen(
  images: ImageSet,
  candidates: Int32Array,
  { trained }: KeptImages,
  onBad: OnBad,
): Promise<AskedImages> {
  const known = new Set(trained);
  const digests = [...(await readDigests(images, candidates, onBad))];
  const places = digests.flatMap(([place, digest]) => (known.has(digest) ? [] : [place]));
  const seen = digests.length - places.length;
  return {
    places: Int32Array.from(places),
    words: seen === 0 ? [] : [`not asked, as trained on: ${seen} more`],
  };
}
