import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Device } from '../engine/index.js';
import { ACTIONS } from '../evaluate/evaluation-protocol.js';
import { featuresProgram } from '../evaluate/features.js';
import type { KeptNumbers } from '../evaluate/measure-model.js';
import { rankPrograms } from '../evaluate/mrr.js';
import type { EvaluatorConfig } from '../evaluate/programs.js';
import { type Log, quiet } from '../log.js';
import { hashed, LARGEST_FILE, readOrCompute } from '../run/disk/kept-numbers.js';
import { type Program, toOnnx } from '../tensor/index.js';
import { count } from '../words.js';
import type { ModelWeights } from '../world-model/index.js';

/** Counted up when equal programs, weights and images would give other numbers. */
const MEASURING = 1;

/** Images whose digests are asked for at a time. */
const CHUNK = 1024;

/** What numbers depend on beside the images: the programs, with sizes and normalisation, the strengths, all weights. */
function modelKey(config: EvaluatorConfig, weights: ModelWeights, device: Device): string {
  const key = createHash('sha256').update(JSON.stringify([MEASURING, device, config.augmentation]));
  for (const program of [featuresProgram(config), ...rankPrograms(config, ACTIONS)])
    key.update(
      createHash('sha256')
        .update(toOnnx(program as unknown as Program))
        .digest(),
    );
  for (const part of [weights.encoder, weights.target, weights.predictor])
    for (const numbers of Object.values(part)) key.update(hashed(numbers).digest());
  return key.digest('hex');
}

/**
 * Keeps what an evaluation computes beside its run, in `measured/`: features and ranks. Each file is named by the SHA-256
 * of all that its numbers depend on, the last of it every image's pixels, in order; so nothing is ever stale, at the price
 * of decoding the images.
 */
export function keptMeasurements(
  run: string,
  config: EvaluatorConfig,
  weights: ModelWeights,
  { device, log = quiet }: { device: Device; log?: Log | undefined },
): KeptNumbers {
  const model = modelKey(config, weights, device);
  return async (what, images, compute) => {
    const key = createHash('sha256').update(`${model}\n${what}`);
    const { length } = images;
    images.prefetch();
    for (let first = 0; first < length; first += CHUNK) {
      log.progress(
        `looks for kept measurements of ${count(length, 'image')}: ${first.toLocaleString('en-US')} looked at`,
      );
      const next = Math.min(CHUNK, length - first);
      const digests = await images.digests(Int32Array.from({ length: next }, (_, i) => first + i));
      key.update(`\n${digests.join()}`);
    }
    const keeping = {
      folder: join(run, 'measured'),
      key: key.digest('hex'),
      dtype: 'F32',
      rows: length,
      limit: LARGEST_FILE,
      what: 'measurements',
      log,
    } as const;
    return (await readOrCompute(keeping, compute)).numbers;
  };
}
