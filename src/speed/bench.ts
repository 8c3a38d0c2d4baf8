import { createEngine } from '../engine/create-engine.js';
import type { ComputeOptions, Device } from '../engine/index.js';
import { createProductRate } from '../engine/product-rate.js';
import type { Log } from '../log.js';
import { median } from '../median.js';
import { processor } from '../processor.js';
import type { Config } from '../run/config.js';
import { mebibytes, percent } from '../words.js';
import { openTimedSteps } from './timed-steps.js';

/** Steps before the first that counts. */
const WARM_UP = 2;

/** Speed of the training step on this machine. */
export interface Bench {
  readonly preset: string;
  readonly device: Device;
  /** Model and widest instructions; speeds do not compare between processors. */
  readonly processor: string;
  readonly threads: number;
  readonly rounds: number;
  /** Median step; images and model work (forward and backward, 2 flops a multiply-add) per second. */
  readonly step: { readonly milliseconds: number; readonly imagesPerSecond: number; readonly gflops: number };
  /** Rate of a 1024³ float32 product, measured between the steps; median. */
  readonly matmul: { readonly gflops: number };
  readonly fractionOfMatmul: number;
  /** Share of the time spent waiting for and sampling input. */
  readonly inputShare: number;
  readonly peakMemoryBytes: number;
}

/** Times training steps on the configuration's data, interleaved with matrix products. Medians over `rounds`. */
export async function bench(
  config: Config,
  { rounds = 20, threads, device, log }: { rounds?: number; log?: Log } & ComputeOptions = {},
): Promise<Bench> {
  const engine = createEngine({ threads, device });
  const timed = await openTimedSteps(config, engine);
  try {
    const product = await createProductRate(engine);
    await timed.settle();
    const steps: number[] = [];
    const inputs: number[] = [];
    const products: number[] = [];
    for (let round = -WARM_UP; round < rounds; round++) {
      const { whole, input } = await timed.run();
      if (round < 0) continue;
      steps.push(whole);
      inputs.push(input);
      products.push(await product.measure(3));
      log?.progress(`round ${round + 1}/${rounds}`);
    }
    const milliseconds = median(steps);
    const gflops = (2 * timed.multiplyAdds) / milliseconds / 1e6;
    const peak = (2 * median(products)) / 1e9;
    return {
      preset: config.preset,
      device: engine.device,
      processor: processor(),
      threads: engine.threads,
      rounds,
      step: { milliseconds, imagesPerSecond: (config.batch / milliseconds) * 1000, gflops },
      matmul: { gflops: peak },
      fractionOfMatmul: gflops / peak,
      inputShare: median(inputs) / milliseconds,
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    };
  } finally {
    engine.dispose();
    await timed.close();
  }
}

/** The result in words. */
export function describeBench({
  preset,
  device,
  processor,
  threads,
  rounds,
  step,
  matmul,
  fractionOfMatmul,
  inputShare,
  peakMemoryBytes,
}: Bench): string {
  return [
    `preset ${preset}, ${device === 'cpu' ? `${threads} threads` : device} on ${processor}, medians of ${rounds} steps`,
    `step     ${step.milliseconds.toFixed(1)} ms, ${step.imagesPerSecond.toFixed(0)} images/s, ${step.gflops.toFixed(0)} GFLOP/s of model work`,
    `matmul   ${matmul.gflops.toFixed(0)} GFLOP/s (1024³ between the steps); the step reaches ${(100 * fractionOfMatmul).toFixed(0)} % of it`,
    `input    ${percent(inputShare)} of the time`,
    `memory   ${mebibytes(peakMemoryBytes)} at the peak`,
  ].join('\n');
}
