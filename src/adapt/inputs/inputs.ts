import type { ImageSet } from '../../data/image-set.js';
import type { Compiled } from '../../engine/index.js';
import type { Flat } from '../../nn/index.js';
import type { TensorData } from '../../tensor/index.js';
import { tokenCount } from '../../world-model/index.js';
import { type Network, traceLatents } from '../network/network.js';

/** What a network is fed, image by image: pixels, or latents of a frozen encoder. */
export interface Inputs {
  readonly kind: 'images' | Precision;
  readonly length: number;
  batch(indices: Int32Array): Promise<TensorData>;
}

/** What is encoded: {@link ImageSet}'s, or what is made of them. */
export type Images = Pick<ImageSet, 'length' | 'batch' | 'prefetch'>;

/** In which precision latents are kept. */
export type Precision = 'float16' | 'float32';

/** Encodes images [n, 3, h, w] into latents [n, N, D]. */
export type EncodeImages = (images: Float32Array) => Promise<TensorData>;

/** Images encoded in one run: always as many, so that an image's latents do not depend on its company. */
const CHUNK = 64;

const ArrayOf = { float16: Uint16Array, float32: Float32Array } as const;

/** The numbers of an image's latents. */
export function latentSize({ model: { encoder } }: Network): number {
  return tokenCount(encoder) * encoder.width;
}

/** A frozen encoder, ready to run. */
export function frozenEncoder(
  compiled: Compiled,
  network: Network,
  weights: Flat<Float32Array>,
  precision: Precision,
): EncodeImages {
  const pixels = 3 * network.image.height * network.image.width;
  const size = latentSize(network);
  return async (images) => {
    const count = images.length / pixels;
    const out = new ArrayOf[precision](count * size);
    for (let first = 0; first < count; first += CHUNK) {
      const part = images.subarray(first * pixels, (first + CHUNK) * pixels);
      const { latents } = await compiled.run(
        `latents ${precision}`,
        () => traceLatents(network, CHUNK, precision),
        { images: padded(part, CHUNK * pixels), weights: { encoder: weights } },
      );
      out.set(latents.subarray(0, (part.length / pixels) * size), first * size);
    }
    return out;
  };
}

/** The numbers, and zeros up to a length. */
function padded(numbers: Float32Array, length: number): Float32Array {
  if (numbers.length === length) return numbers;
  const out = new Float32Array(length);
  out.set(numbers);
  return out;
}

/** Images as they are, for an encoder that is trained. */
export function imageInputs(images: Images): Inputs {
  return { kind: 'images', length: images.length, batch: (indices) => images.batch(indices) };
}

/** Latents computed whenever they are wanted. */
export function computedLatents(images: Images, precision: Precision, encode: EncodeImages): Inputs {
  return {
    kind: precision,
    length: images.length,
    batch: async (indices) => encode(await images.batch(indices)),
  };
}

/** Latents in memory. @param latents of all images, one after the other */
export function storedLatents(latents: Uint16Array | Float32Array, length: number): Inputs {
  const size = latents.length / length;
  const kind = latents instanceof Uint16Array ? 'float16' : 'float32';
  return {
    kind,
    length,
    batch: async (indices) => {
      const out = new ArrayOf[kind](indices.length * size);
      indices.forEach((image, i) => {
        out.set(latents.subarray(image * size, (image + 1) * size), i * size);
      });
      return out;
    },
  };
}

/** Latents of all images. @param progress told how many are done */
export async function encodeAll(
  images: Images,
  size: number,
  precision: Precision,
  encode: EncodeImages,
  progress: (done: number) => void,
): Promise<Uint16Array | Float32Array> {
  const all = Int32Array.from({ length: images.length }, (_, i) => i);
  images.prefetch();
  const out = new ArrayOf[precision](images.length * size);
  for (let first = 0; first < images.length; first += 4 * CHUNK) {
    const latents = await encode(await images.batch(all.subarray(first, first + 4 * CHUNK)));
    out.set(latents as Float32Array, first * size);
    progress(Math.min(images.length, first + 4 * CHUNK));
  }
  return out;
}
