import type { BadSample, ImageSet } from './image-set.js';

/** What an image is known by: its name, and the digest of its pixels, which tells it under any other name too. */
export interface KnownImage {
  readonly name: string;
  readonly digest: string;
}

/** Is told of an image that cannot be read, and throws to stop. */
export type OnBad = (bad: BadSample) => void | Promise<void>;

/** The places of all images of a set. */
export const everyIndex = ({ length }: Pick<ImageSet, 'length'>): Int32Array =>
  Int32Array.from({ length }, (_, i) => i);

/** The names of all images of a set, in order. */
export const namesOf = (set: ImageSet): string[] => Array.from(everyIndex(set), (index) => set.name(index));

/**
 * The digests of those images that can be read, by index, in order; waits until all are decoded.
 * @param onBad is told of each of the others, and throws to stop
 */
export async function readDigests(
  set: ImageSet,
  indices: Int32Array,
  onBad: OnBad,
): Promise<ReadonlyMap<number, string>> {
  const bad = await set.bad(indices);
  for (const found of bad.values()) await onBad(found);
  const good = Array.from(indices).filter((index) => !bad.has(index));
  const digests = await set.digests(good);
  return new Map(good.map((index, i) => [index, digests[i] as string]));
}

/**
 * Where known images lie in a set now: under their names, else wherever else the same pixels are, for which all images
 * are decoded.
 * @param onBad as for {@link readDigests}
 * @returns their places, each once, and how many of them are nowhere
 */
export async function findKnown(
  set: ImageSet,
  known: readonly KnownImage[],
  onBad: OnBad,
): Promise<{ readonly found: Int32Array; readonly missing: number }> {
  const byName = new Map(namesOf(set).map((name, index) => [name, index]));
  const named = new Set(known.flatMap(({ name }) => byName.get(name) ?? []));
  const near = await readDigests(set, Int32Array.from(named), onBad);
  const isThere = ({ name, digest }: KnownImage): boolean => near.get(byName.get(name) ?? -1) === digest;
  const byDigest = new Map(Array.from(near, ([index, digest]) => [digest, index]));
  if (!known.every(isThere)) {
    const others = everyIndex(set).filter((index) => !named.has(index));
    for (const [index, digest] of await readDigests(set, others, onBad))
      if (!byDigest.has(digest)) byDigest.set(digest, index);
  }
  const places = known.map((image) => (isThere(image) ? byName.get(image.name) : byDigest.get(image.digest)));
  const found = places.filter((place) => place !== undefined);
  return { found: Int32Array.from(new Set(found)), missing: known.length - found.length };
}
