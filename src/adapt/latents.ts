import type { ImageSet } from '../data/images.js';
import type { Compiled } from '../evaluate/compiled.js';
import type { Flat } from '../nn/index.js';
import type { Log } from '../train/pretrain.js';
import {
  computedLatents,
  encodeAll,
  frozenEncoder,
  type Inputs,
  latentSize,
  type Precision,
  storedLatents,
} from './inputs.js';
import type { Network } from './network.js';

/** A frozen encoder's latents of some images, and what it took to get them. */
export interface FrozenLatents {
  readonly inputs: Inputs;
  readonly precision: Precision;
  readonly bytes: number;
  /** To compute or read them. */
  readonly seconds: number;
  /** Where they came from; none: they take more than the limit and are computed whenever wanted. */
  readonly from: 'memory' | 'disk' | 'none';
}

/** What latents depend on, and where they may be kept. */
export interface LatentsOptions {
  readonly images: ImageSet;
  readonly network: Network;
  readonly encoder: Flat<Float32Array>;
  readonly precision: Precision;
  /** Most memory that they may take, in GiB. */
  readonly gigabytes: number;
  readonly compiled: Compiled;
  readonly log: Log;
  /** Which images, in a word, for progress. */
  readonly what: string;
}

/** Computes the latents of all images, once; where they take more than the limit, whenever they are wanted. */
export async function openLatents(options: LatentsOptions): Promise<FrozenLatents> {
  const { images, network, encoder, precision, gigabytes, compiled, log, what } = options;
  const size = latentSize(network);
  const bytes = images.length * size * (precision === 'float16' ? 2 : 4);
  const encode = frozenEncoder(compiled, network, encoder, precision);
  if (bytes > gigabytes * 2 ** 30) {
    log.note(
      `latents of the ${what} images take ${(bytes / 2 ** 30).toFixed(2)} GiB, more than cache.gigabytes ${gigabytes}: computed in every epoch`,
    );
    return { inputs: computedLatents(images, precision, encode), precision, bytes, seconds: 0, from: 'none' };
  }
  const began = performance.now();
  const latents = await encodeAll(images, size, precision, encode, (done) =>
    log.progress(`latents of the ${what} images: ${done} of ${images.length}`),
  );
  const seconds = (performance.now() - began) / 1000;
  return { inputs: storedLatents(latents, images.length), precision, bytes, seconds, from: 'memory' };
}
