import { createHash } from 'node:crypto';
import type { Flat } from '../../nn/index.js';
import { hashed } from '../../run/disk/kept-numbers.js';
import type { Network } from '../network/network.js';
import type { Images, Precision } from './inputs.js';

/** Images hashed at a time. */
const CHUNK = 1024;

/**
 * SHA-256 of all that latents depend on: the encoder's weights and sizes, how images are prepared, the precision, and
 * every image's pixels in order. It costs decoding the images, and no other image or weight can have the same.
 */
export async function latentsKey(
  images: Images,
  { model, normalisation, image }: Network,
  encoder: Flat<Float32Array>,
  precision: Precision,
): Promise<string> {
  const settings = { encoder: model.encoder, normalisation, image, precision, length: images.length };
  const key = createHash('sha256').update(JSON.stringify(settings));
  for (const weights of Object.values(encoder)) key.update(hashed(weights).digest());
  images.prefetch();
  for (let first = 0; first < images.length; first += CHUNK) {
    const count = Math.min(CHUNK, images.length - first);
    const pixels = await images.batch(Int32Array.from({ length: count }, (_, i) => first + i));
    key.update(hashed(pixels).digest());
  }
  return key.digest('hex');
}
