import type { HeadConfig } from './heads.js';
import type { AdaptationResult } from './result.js';
import { type AdaptationSettings, trainedShares } from './settings.js';
import type { TaskSet } from './task.js';

/** How an adaptation was made and measured, in words. */
export function describeProtocol(
  adaptation: AdaptationSettings,
  training: TaskSet,
  heldOut: TaskSet,
  head: HeadConfig,
  steps: number,
  batch: number,
): AdaptationResult['protocol'] {
  const { encoder, predictor, optimiser, seed } = adaptation;
  return {
    training: training.description,
    asked: heldOut.description,
    seed,
    ...heldOut.protocol(head),
    encoder: `${encoder.weights === 'pretrained' ? 'pretrained target encoder' : 'random'}; ${trainedShares(adaptation).encoder !== undefined ? 'trained' : 'frozen'}`,
    predictor:
      predictor.weights === 'none'
        ? 'none: the head reads the latents'
        : `${predictor.weights}, null action; context computed in ${predictor.contextBlocks} blocks, every ${predictor.stride === 1 ? 'position' : `${predictor.stride}th position of rows and columns`} predicted`,
    optimiser: `AdamW, ${steps} steps of ${batch}, learning rate ${optimiser.learningRate} (pretrained weights × ${optimiser.pretrained}), warm-up ${optimiser.warmup}, cosine to × ${optimiser.final}, weight decay ${optimiser.weightDecay}, clip ${optimiser.clip}`,
  };
}
