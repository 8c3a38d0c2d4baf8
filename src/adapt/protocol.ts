import type { AdaptationResult } from './result.js';
import { type AdaptationSettings, trainedShares } from './settings.js';
import type { LabelledImages } from './task-images.js';

/** How an adaptation was made and measured, in words. */
export function describeProtocol(
  adaptation: AdaptationSettings,
  training: LabelledImages,
  heldOut: LabelledImages,
  steps: number,
  batch: number,
): AdaptationResult['protocol'] {
  const { encoder, predictor, optimiser, seed } = adaptation;
  return {
    training: training.description,
    asked: heldOut.description,
    seed,
    images: 'whole and untransformed, in training and when asked',
    encoder: `${encoder.weights === 'pretrained' ? 'pretrained target encoder' : 'random'}; ${trainedShares(adaptation).encoder !== undefined ? 'trained' : 'frozen'}`,
    predictor:
      predictor.weights === 'none'
        ? 'none: the head reads the latents'
        : `${predictor.weights}, null action; context computed in ${predictor.contextBlocks} blocks, every ${predictor.stride === 1 ? 'position' : `${predictor.stride}th position of rows and columns`} predicted`,
    optimiser: `AdamW, ${steps} steps of ${batch}, learning rate ${optimiser.learningRate} (pretrained weights × ${optimiser.pretrained}), warm-up ${optimiser.warmup}, cosine to × ${optimiser.final}, weight decay ${optimiser.weightDecay}, clip ${optimiser.clip}`,
    accuracy: 'top-1 at the end, not the best along the way; ties count against; binomial standard error',
  };
}
