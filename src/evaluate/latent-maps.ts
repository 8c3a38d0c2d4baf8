import type { Compiled } from '../engine/index.js';
import { type Flat, flatSpecs } from '../nn/index.js';
import { purpose, random } from '../random.js';
import { type Spec, spec, type Tensor, trace } from '../tensor/index.js';
import {
  type Action,
  actionSize,
  actionVector,
  identityParameters,
  layouts,
  type ModelWeights,
  type Parameters,
  packParameters,
  parameterSpecs,
  readAction,
  sampleJitter,
} from '../world-model/index.js';
import { jitterNames } from './bank.js';
import { principalColours } from './principal-colours.js';
import { answer, type EvaluatorConfig, versionLatents } from './programs.js';
import { type RgbImage, render, toRgb } from './retrieval.js';

/** Latents of one image, before and after the predictor, as colours: a pixel a patch. */
export interface LatentMaps {
  readonly image: RgbImage;
  /** What the predictor is told. */
  readonly action: Action;
  /** What the action really gives. */
  readonly wanted: RgbImage;
  /** The encoder's latents of the image. */
  readonly before: RgbImage;
  /** What the predictor makes of them. */
  readonly predicted: RgbImage;
  /** What it should be: the target encoder's latents of the wanted image. */
  readonly after: RgbImage;
}

/**
 * Latents of images as colours, for each an action drawn at the training strengths. Colours are the first three principal
 * components of all the images' patches: one set for what the encoder gives, another for what is predicted and should be.
 * @param images each [1, 3, h, h] in 0..1, at least one
 */
export async function latentMaps(
  compiled: Compiled,
  config: EvaluatorConfig,
  weights: ModelWeights,
  images: readonly Float32Array[],
  seed: number,
): Promise<LatentMaps[]> {
  const { image: side, width, patch } = config.model.encoder;
  const { height } = config.image;
  const seen: (Pick<LatentMaps, 'image' | 'action' | 'wanted'> & {
    readonly latents: Readonly<Record<'before' | 'predicted' | 'after', Float32Array>>;
  })[] = [];
  for (const [i, image] of images.entries()) {
    const view = sampleJitter(random(seed, i, purpose.jitter), config.augmentation);
    const action = actionVector(identityParameters, view);
    const latents = await compiled.run('latents', () => traceLatents(config), {
      image,
      action,
      parameters: packParameters([view], jitterNames, side),
      weights,
    });
    const wanted = toRgb(await render(compiled, config, image, view), height);
    seen.push({ image: toRgb(image, height), action: readAction(action), wanted, latents });
  }
  const colours = (key: 'before' | 'after') =>
    principalColours(Float32Array.from(seen.flatMap(({ latents }) => Array.from(latents[key]))), width);
  const [given, asked] = [colours('before'), colours('after')];
  const map = (pixels: Uint8Array): RgbImage => ({ size: side / patch, pixels });
  return seen.map(({ latents: { before, predicted, after }, ...rest }) => ({
    ...rest,
    before: map(given(before)),
    predicted: map(asked(predicted)),
    after: map(asked(after)),
  }));
}

/** Of one image [1, 3, h, w] the encoder's latents, those predicted for an action, and those of what it really gives. */
function traceLatents(config: EvaluatorConfig) {
  const parts = layouts(config.model);
  const specs = {
    image: spec([1, 3, config.image.height, config.image.width]),
    action: spec([1, actionSize]),
    parameters: parameterSpecs(jitterNames, config.model.encoder.image, 1) as Parameters<Spec>,
    weights: {
      encoder: flatSpecs(parts.encoder),
      target: flatSpecs(parts.encoder),
      predictor: flatSpecs(parts.predictor),
    },
  };
  return trace('latents', specs, (inputs) => {
    const weights = inputs.weights as unknown as Record<'encoder' | 'target' | 'predictor', Flat<Tensor>>;
    const image = inputs.image as Tensor;
    const { context, answers } = answer(image, inputs.action as Tensor, weights, 1, config);
    return {
      before: context,
      predicted: answers,
      after: versionLatents(image, inputs.parameters as Parameters<Tensor>, weights.target, 1, config),
    };
  });
}
