import type { ImageSet } from '../data/image-set.js';

/** What is known of an image beside its features. */
export interface RowFacts {
  /** What messages call it: its file, or file and row or member. */
  readonly file: string;
  /** Number of its class; null where it has none. */
  readonly label: number | null;
  /** Name of its class. */
  readonly className: string | null;
}

export function factsOf(images: ImageSet, image: number): RowFacts {
  const label = images.labels?.[image] ?? -1;
  const file = images.name(image);
  if (label < 0) return { file, label: null, className: null };
  return { file, label, className: images.classes?.[label] ?? null };
}
