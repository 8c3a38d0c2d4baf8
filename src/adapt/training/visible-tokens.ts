import { purpose, random } from '../../random.js';

/**
 * Which latents of each image the predictor sees in a step of tuning: a random choice for every image and step, so that
 * it does not learn images by heart, and has less to compute. In pretraining it saw no whole images either.
 * @param images of the step
 * @param tokens of an image
 * @param visible of them, 1 … tokens
 * @returns positions, ascending for each image, [images, visible]
 */
export function drawVisible(
  seed: number,
  step: number,
  images: number,
  tokens: number,
  visible: number,
): Int32Array {
  const positions = new Int32Array(images * visible);
  for (let image = 0; image < images; image++) {
    const drawn = random(seed, step, image, purpose.context).permutation(tokens).subarray(0, visible);
    positions.set(drawn.sort(), image * visible);
  }
  return positions;
}
