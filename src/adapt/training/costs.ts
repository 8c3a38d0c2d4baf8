import { cost, type Program } from '../../tensor/index.js';
import { isModelWork } from '../../train/step.js';
import { networkLayouts, traceLogits } from '../network/network.js';
import { imagesOf, type StepConfig, trainedParts } from './step.js';

/** What training and its model cost to compute. */
export interface Costs {
  readonly trainableParameters: number;
  /** Of the matrix products of one training step, forward and backward, divided by its images; cached latents are free. */
  readonly multiplyAddsPerImage: number;
  /** To answer for an image from its pixels; bringing a segmentation to the image's own size is left out; of several tasks the dearest. */
  readonly inferenceMultiplyAddsPerImage: number;
}

/** What training costs, counted from its step's program, and what an answer costs from pixels to logits. */
export function countCosts(step: StepConfig, program: Program): Costs {
  const { network } = step;
  const layouts = networkLayouts(network);
  const answers = Object.keys(network.tasks).map(
    (name) => cost(traceLogits(network, name, 'images', 1) as unknown as Program, isModelWork).multiplyAdds,
  );
  return {
    trainableParameters: trainedParts(step).reduce((sum, part) => sum + layouts[part].count, 0),
    multiplyAddsPerImage: cost(program, isModelWork).multiplyAdds / imagesOf(step),
    inferenceMultiplyAddsPerImage: Math.max(...answers),
  };
}
