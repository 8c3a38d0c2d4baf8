import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Device } from '../engine/index.js';
import { featuresProgram } from '../evaluate/features.js';
import type { KeptFeatures } from '../evaluate/measure-model.js';
import type { EvaluatorConfig } from '../evaluate/programs.js';
import { type Log, quiet } from '../log.js';
import { hashed, LARGEST_FILE, readOrCompute } from '../run/disk/kept-numbers.js';
import { type Program, toOnnx } from '../tensor/index.js';
import type { ModelWeights } from '../world-model/index.js';

/** Images whose digests are asked for at a time. */
const CHUNK = 1024;

/**
 * Keeps features beside a run, in `features/`. Each file is named by the SHA-256 of all that they depend on: the program
 * that computes them, with sizes and normalisation, and the device; the target encoder's weights; every image's pixels in
 * order. So what is kept is never stale, at the price of decoding the images.
 */
export function keptFeatures(
  run: string,
  config: EvaluatorConfig,
  { target }: Pick<ModelWeights, 'target'>,
  { device = 'cpu', log = quiet }: { device?: Device | undefined; log?: Log | undefined },
): KeptFeatures {
  const { width } = config.model.encoder;
  return async (images, compute) => {
    const { length } = images;
    if (4 * length * width > LARGEST_FILE) return compute();
    const key = createHash('sha256').update(device);
    key.update(toOnnx(featuresProgram(config) as unknown as Program));
    for (const weights of Object.values(target)) key.update(hashed(weights).digest());
    images.prefetch();
    for (let first = 0; first < length; first += CHUNK) {
      log.progress(
        `looks for kept features: ${first.toLocaleString('en-US')} of ${length.toLocaleString('en-US')}`,
      );
      const count = Math.min(CHUNK, length - first);
      const digests = await images.digests(Int32Array.from({ length: count }, (_, i) => first + i));
      key.update(digests.join());
    }
    const keeping = {
      folder: join(run, 'features'),
      key: key.digest('hex'),
      dtype: 'F32',
      shape: [length, width],
      limit: LARGEST_FILE,
      what: 'features of images',
      log,
    } as const;
    return (await readOrCompute(keeping, compute)).numbers;
  };
}
