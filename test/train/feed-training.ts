import type { ImageSet } from '../../src/data/image-set.js';
import { type Config, viewsConfig } from '../../src/run/config.js';
import { openTrainingImages } from '../../src/run/disk/training-images.js';
import type { KeptImages } from '../../src/run/kept-images.js';
import { Admission } from '../../src/train/admission.js';
import { Batches } from '../../src/train/batches.js';
import { digestsOf, keepHeldOut } from '../../src/train/held-out.js';
import { memoryImages } from './memory-images.js';

/** The pixels of images [n, 3, size, size], a text each: what tells them apart here, whatever our digests say. */
export function pixelsOf(images: Float32Array, size: number): string[] {
  const each = 3 * size ** 2;
  return Array.from({ length: images.length / each }, (_, i) =>
    images.subarray(i * each, (i + 1) * each).join(),
  );
}

/** The pixels of all images of a set. */
export async function allPixels(set: ImageSet): Promise<string[]> {
  if (set.length === 0) return [];
  return pixelsOf(await set.batch(Int32Array.from({ length: set.length }, (_, i) => i)), set.size);
}

/** What a step was fed, batch after batch, without a step. */
export interface Fed {
  readonly kept: KeptImages;
  /** Pixels of every image that came in a batch. */
  readonly trained: ReadonlySet<string>;
  readonly heldOut: readonly string[];
}

/** Holds out images and draws batches as a run does, for `epochs` of the training data. */
export async function feedTraining(config: Config, epochs = 1): Promise<Fed> {
  const images = await openTrainingImages(config);
  try {
    const stop = ({ sample }: { sample: string }): never => {
      throw new Error(sample);
    };
    const sets = await keepHeldOut(images, config.seed, memoryImages(), stop);
    const admission = new Admission(sets.training, digestsOf(sets.kept), [], stop);
    const batches = new Batches(sets.training, viewsConfig(config), config.seed, config.batch, admission);
    const trained = new Set<string>();
    for (let number = 0; number * config.batch < epochs * images.length; number++)
      for (const pixels of pixelsOf((await batches.get(number)).images, images.size)) trained.add(pixels);
    return {
      kept: { ...sets.kept, trained: [...admission.trained] },
      trained,
      heldOut: await allPixels(sets.heldOut),
    };
  } finally {
    await images.close();
  }
}
