import type { Config } from '../run/config.js';
import { openTrainingImages } from '../run/disk/training-images.js';
import { holdOut } from '../train/held-out.js';

/** The steps in which a run sees each of its training images `epochs` times. @throws as {@link openTrainingImages} */
export async function stepsOf(config: Config, epochs: number): Promise<{ steps: number; images: number }> {
  const images = await openTrainingImages(config);
  const { length } = holdOut(images, config.seed).training;
  await images.close();
  return { steps: Math.max(1, Math.round((epochs * length) / config.batch)), images: length };
}
