import type { Engine } from '../engine/index.js';
import { createProductRate } from '../engine/product-rate.js';
import { UserError } from '../errors.js';
import { trainedPart } from '../nn/index.js';
import { cost, type Program } from '../tensor/index.js';
import { duration, gigabytes, millions } from '../words.js';
import { layouts } from '../world-model/index.js';
import { isModelWork, type StepConfig, traceGradients } from './step.js';

/** What a step takes, counted from its program. */
export interface Demands {
  readonly encoderParameters: number;
  readonly predictorParameters: number;
  /** Bytes at the peak of a step. */
  readonly memory: number;
  /** Whether the state is better updated a group of parameters at a time: as one program it takes half the memory. */
  readonly parted: boolean;
  /** Multiply-adds of the model's matrix products in one update of all ranks, forward and backward; views not counted. */
  readonly multiplyAdds: number;
}

/** Share of the matrix-product rate that steps reach. */
const EFFICIENCY = 0.5;

/**
 * Counts what a step takes.
 * @param available bytes that the process may use
 * @param summed whether gradients are summed over ranks before the update
 * @throws UserError when it cannot fit in them
 */
export function demands(program: Program, config: StepConfig, available: number, summed = false): Demands {
  const { encoder, predictor } = layouts(config.model);
  const counted = cost(program, isModelWork);
  const state = 4 * (3 * predictor.count + 4 * trainedPart(encoder).count);
  // The state stands twice, as a step reads one copy and writes the other, and once more while a checkpoint is written.
  const whole = counted.inputBytes + 2 * state + counted.peakBytes;
  const parted = summed || whole > available / 2;
  const memory = parted ? partedMemory(config, state) : whole;
  if (memory > available) {
    const what =
      3 * state > available / 2
        ? 'lower encoder.width, encoder.depth or predictor.depth'
        : `raise accumulate (now ${config.accumulate}) so that a run of the step has fewer than ${config.batch} images, or lower batch`;
    throw new UserError(
      `this configuration needs about ${gigabytes(memory)} of memory (${gigabytes(3 * state)} of it for weights and moments), there are ${gigabytes(available)}; ${what}`,
    );
  }
  return {
    encoderParameters: config.model.encoder.program?.parameters ?? encoder.count,
    predictorParameters: predictor.count,
    memory,
    parted,
    multiplyAdds: (counted.multiplyAdds * config.accumulate) / config.share,
  };
}

/** Bytes at the peak where the state is updated a group at a time: it stands once, and once more for a checkpoint. */
function partedMemory(config: StepConfig, state: number): number {
  const { inputBytes, peakBytes } = cost(traceGradients(config) as unknown as Program, isModelWork);
  return inputBytes + state + peakBytes;
}

/** What a step takes in words. */
export function describeDemands({
  encoderParameters,
  predictorParameters,
  memory,
  multiplyAdds,
}: Demands): string {
  return `model: encoder ${millions(encoderParameters)} parameters, predictor ${millions(predictorParameters)}; memory ${gigabytes(memory)}, ${(multiplyAdds / 1e9).toFixed(1)} G multiply-adds a step`;
}

/** Multiply-adds that small programs get done in a second on this machine, as it is now. */
export async function workRate(engine: Engine): Promise<number> {
  const product = await createProductRate(engine);
  const rate = await product.measure(5);
  product.dispose();
  return rate * EFFICIENCY;
}

/** Seconds that are still to come. */
export interface Estimate {
  readonly steps: number;
  /** Compiling the programs that measure included. */
  readonly health: number;
  readonly decoding: number;
}

/** The estimate in words. */
export function describeEstimate({ steps, health, decoding }: Estimate): string {
  const parts = Object.entries({ steps, health, decoding })
    .filter(([, seconds]) => seconds >= 0.5)
    .map(([what, seconds]) => `${what} ${duration(seconds)}`);
  return `takes about ${duration(steps + health + decoding)}${parts.length > 1 ? `: ${parts.join(', ')}` : ''}`;
}
