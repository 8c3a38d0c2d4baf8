import { cost, type Program } from '../../tensor/index.js';
import { isModelWork } from '../../train/estimate.js';
import { networkLayouts, traceLogits } from '../network/network.js';
import type { AdaptationResult } from '../result.js';
import { imagesOf, type StepConfig, trainedParts } from './step.js';

type Costs = Pick<
  AdaptationResult,
  'trainableParameters' | 'multiplyAddsPerImage' | 'inferenceMultiplyAddsPerImage'
>;

/** What tuning costs, counted from its step's program, and what an answer costs from pixels to logits. */
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
