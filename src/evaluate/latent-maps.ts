import { purpose, random } from '../random.js';
import {
  type Action,
  actionVector,
  identityParameters,
  readAction,
  sampleJitter,
  tokenCount,
} from '../world-model/index.js';
import { type LatentColours, latentColours } from './latent-colours.js';
import type { EvaluatorConfig } from './programs.js';
import type { ComparedRetrieval, Retriever, RgbImage } from './retrieval.js';

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
  /** What it should be: what is to be predicted of the wanted image. */
  readonly after: RgbImage;
}

/** Colours of what the encoder gives of whole images, and of what is predicted and should be: each in components of its own. */
export function retrievalColours(
  found: readonly Pick<ComparedRetrieval, 'latents'>[],
  patches: number,
): { readonly seen: LatentColours; readonly asked: LatentColours } {
  const of = (key: 'seen' | 'wanted'): LatentColours => {
    const all = Float32Array.from(found.flatMap(({ latents }) => Array.from(latents[key])));
    return latentColours(all, all.length / (found.length * patches));
  };
  return { seen: of('seen'), asked: of('wanted') };
}

/**
 * Latents of images as colours, for each an action drawn at the training strengths. Colours are the first three principal
 * components of all the images' patches: one set for what the encoder gives, another for what is predicted and should be.
 * @param retrievers of at least one image
 */
export async function latentMaps(
  retrievers: readonly Retriever[],
  { model, augmentation }: Pick<EvaluatorConfig, 'model' | 'augmentation'>,
  seed: number,
): Promise<LatentMaps[]> {
  const found: (ComparedRetrieval & { readonly action: Action })[] = [];
  for (const [i, retriever] of retrievers.entries()) {
    const view = sampleJitter(random(seed, i, purpose.jitter), augmentation);
    const action = readAction(actionVector(identityParameters, view));
    found.push(...(await retriever.retrieve([action])).map((retrieval) => ({ ...retrieval, action })));
  }
  const { encoder } = model;
  const { seen: given, asked } = retrievalColours(found, tokenCount(encoder));
  const map = (pixels: Uint8Array): RgbImage => ({ size: encoder.image / encoder.patch, pixels });
  return found.map(({ seen, action, wanted, latents }) => ({
    image: seen,
    action,
    wanted,
    before: map(given(latents.seen)),
    predicted: map(asked(latents.predicted)),
    after: map(asked(latents.wanted)),
  }));
}
