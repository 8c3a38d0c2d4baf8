import type { Compiled } from '../engine/index.js';
import type { Flat } from '../nn/index.js';
import { packParameters, type ViewParameters } from '../world-model/index.js';
import { allNames, type EvaluatorConfig, traceFeatures } from './programs.js';

/** Images encoded in one run. */
const CHUNK = 64;

/** The program that computes the features of as many images as one run encodes. */
export const featuresProgram = (config: EvaluatorConfig) => traceFeatures(config, CHUNK);

/**
 * Mean-pooled target-encoder latents of whole images, [n, D].
 * @param images each [3, h, w] in 0..1, one after the other
 * @param views what each image goes through first; nothing where absent
 * @throws Error where a feature is not finite
 */
export async function pooledFeatures(
  compiled: Compiled,
  config: EvaluatorConfig,
  target: Flat<Float32Array>,
  images: Float32Array,
  views?: readonly ViewParameters[],
): Promise<Float32Array> {
  const { width, image: side } = config.model.encoder;
  const pixels = 3 * config.image.height * config.image.width;
  const count = images.length / pixels;
  const names = views === undefined ? [] : allNames;
  const out = new Float32Array(count * width);
  for (let first = 0; first < count; first += CHUNK) {
    const size = Math.min(CHUNK, count - first);
    const { features } = await compiled.run(
      `features ${size} ${names.length}`,
      () => traceFeatures(config, size, names),
      {
        images: images.subarray(first * pixels, (first + size) * pixels),
        parameters: packParameters(views?.slice(first, first + size) ?? [], names, side),
        weights: target,
      },
    );
    out.set(features, first * width);
  }
  const wrong = out.findIndex((value) => !Number.isFinite(value));
  if (wrong !== -1)
    throw new Error(`feature ${wrong % width} of image ${Math.floor(wrong / width)} is ${out[wrong]}`);
  return out;
}
