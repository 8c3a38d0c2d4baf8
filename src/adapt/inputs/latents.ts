import { join } from 'node:path';
import type { Compiled } from '../../engine/index.js';
import type { Log } from '../../log.js';
import type { Flat } from '../../nn/index.js';
import { LARGEST_FILE, readOrCompute } from '../../run/disk/kept-numbers.js';
import type { Network } from '../network/network.js';
import type { AdaptationSettings } from '../settings.js';
import {
  computedLatents,
  encodeAll,
  frozenEncoder,
  type Images,
  type Inputs,
  latentSize,
  type Precision,
  storedLatents,
} from './inputs.js';
import { latentsKey } from './latents-key.js';

/** A frozen encoder's latents of some images, and what it took to get them. */
export interface FrozenLatents {
  readonly inputs: Inputs;
  readonly precision: Precision;
  readonly bytes: number;
  /** To compute or read them. */
  readonly seconds: number;
  /** computed: once, and kept; disk: read as an earlier adaptation left them; every epoch: computed and not kept. */
  readonly from: 'computed' | 'disk' | 'every epoch';
}

/** What latents depend on, and where they may be kept. */
export interface LatentsOptions {
  readonly images: Images;
  readonly network: Network;
  readonly encoder: Flat<Float32Array>;
  readonly cache: AdaptationSettings['cache'];
  /** Bytes of latents that are in memory already. */
  readonly held: number;
  /** Folder of the pretrained run. */
  readonly run: string;
  readonly compiled: Compiled;
  readonly log: Log;
  /** Which images, in a word, for progress. */
  readonly what: string;
}

/** Opens the latents of all images: from the disk, or computed once and kept, or computed whenever wanted. */
export async function openLatents(options: LatentsOptions): Promise<FrozenLatents> {
  const { images, network, encoder, cache, held, compiled, log, what } = options;
  const { precision } = cache;
  const room = cache.gigabytes * 2 ** 30 - held;
  const bytes = images.length * latentSize(network) * (precision === 'float16' ? 2 : 4);
  const encode = frozenEncoder(compiled, network, encoder, precision);
  if (cache.kept === 'none' || bytes > room) {
    if (bytes > room)
      log.note(
        `latents of the ${what} images take ${(bytes / 2 ** 30).toFixed(2)} GiB, more than ${held > 0 ? 'is left of ' : ''}cache.gigabytes ${cache.gigabytes}: computed in every epoch`,
      );
    return {
      inputs: computedLatents(images, precision, encode),
      precision,
      bytes,
      seconds: 0,
      from: 'every epoch',
    };
  }
  const began = performance.now();
  const compute = (): Promise<Uint16Array | Float32Array> =>
    encodeAll(images, latentSize(network), precision, encode, (done) =>
      log.progress(`latents of the ${what} images: ${done} of ${images.length}`),
    );
  const found =
    cache.kept === 'disk' && bytes < LARGEST_FILE
      ? await fromDisk(options, compute)
      : ({ numbers: await compute(), from: 'computed' } as const);
  const seconds = (performance.now() - began) / 1000;
  return { inputs: storedLatents(found.numbers, images.length), precision, bytes, seconds, from: found.from };
}

/** Latents that an earlier adaptation has kept, else computed ones, kept for the next. */
async function fromDisk(
  { images, network, encoder, cache, run, what, log }: LatentsOptions,
  compute: () => Promise<Uint16Array | Float32Array>,
): Promise<{ numbers: Uint16Array | Float32Array; from: 'computed' | 'disk' }> {
  const keeping = {
    folder: join(run, 'latents'),
    key: await latentsKey(images, network, encoder, cache.precision),
    dtype: cache.precision === 'float16' ? 'F16' : 'F32',
    rows: images.length,
    limit: cache.gigabytes * 2 ** 30,
    what: `latents of the ${what} images`,
    log,
  } as const;
  return readOrCompute(keeping, compute);
}
