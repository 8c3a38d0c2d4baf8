import { UserError } from '../errors.js';
import { purpose, random } from '../random.js';
import type { Fit } from './encoded-image.js';
import type { ImageSet } from './image-set.js';
import { joinLabels } from './joined-labels.js';
import { openSource } from './open-source.js';
import { PixelCache } from './pixel-cache.js';
import { PixelImages } from './pixel-images.js';
import type { Split } from './splits.js';

export type { BadSample } from './image-set.js';
export type { Split } from './splits.js';

/**
 * Opens images; decoding starts at the first `prefetch` or `batch`, in a thread of its own.
 * @param sources `synthetic`, `synthetic:COUNT`, a folder of images, Parquet or WebDataset tar files: one, a folder of
 *   them, or a pattern (`train-{000..012}.tar`)
 * @param options.size side of the decoded images, pixels
 * @param options.fit `square` keeps the middle of each (the default), `stretched` everything
 * @param options.split which part to read (default: train where there is one, else the only one, else all)
 * @param options.limit at most so many images, a random choice that is always the same
 * @throws UserError for what cannot be opened, or does not fit in memory
 */
export async function openImages(
  sources: readonly string[],
  {
    size,
    fit = 'square',
    split,
    limit,
  }: { size: number; fit?: Exclude<Fit, 'whole'>; split?: Split | undefined; limit?: number },
): Promise<ImageSet> {
  const opened = await Promise.all(sources.map((source) => openSource(source, split)));
  const [first] = opened;
  if (first === undefined) throw new UserError('no source of images was given', 2);
  const total = opened.reduce((sum, source) => sum + source.length, 0);
  const chosen = choose(total, limit ?? total);
  const joined = joinLabels(opened);
  const few = chosen.length < total ? `, ${chosen.length.toLocaleString('en-US')} of them` : '';
  // Its native libraries must stay loaded until no thread uses them, so sharp asks to be loaded here first.
  await import('sharp');
  return new PixelImages(
    new PixelCache(opened, chosen, size, fit),
    {
      source: sources.join(' + '),
      split: opened.every((source) => source.split === first.split) ? first.split : 'all',
      description: opened.map(({ description }) => description).join('; ') + few,
      notes: [...opened.flatMap(({ notes = [] }) => notes), ...joined.notes],
      classes: joined.classes,
    },
    Int32Array.from(chosen.keys()),
    joined.labels && chosen.map((image) => joined.labels?.[image] ?? -1),
  );
}

/** `count` of the numbers 0 … total − 1, ascending: not the first ones, as files are often sorted by class. */
function choose(total: number, count: number): Int32Array {
  const all = Int32Array.from({ length: total }, (_, i) => i);
  return count < total ? random(0, purpose.order).shuffle(all).slice(0, count).sort() : all;
}
