import { openImages } from '../data/images.js';
import { createEngine } from '../engine/index.js';
import { cost, type Program } from '../tensor/index.js';
import { Batches } from './batches.js';
import type { Config } from './config.js';
import { estimate, isModelWork, matmulRate } from './estimate.js';
import { type Log, stepConfig } from './pretrain.js';
import { rates } from './schedule.js';
import { traceStep } from './step.js';
import { initialState, Trainer } from './trainer.js';

/** Speed of the training step on this machine. */
export interface Bench {
  readonly preset: string;
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

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/** Times training steps on the configuration's data, interleaved with matrix products. Medians over `rounds`. */
export async function bench(
  config: Config,
  { rounds = 20, threads, log }: { rounds?: number; threads?: number; log?: Log } = {},
): Promise<Bench> {
  const settings = stepConfig(config);
  const engine = createEngine(threads === undefined ? {} : { threads });
  const images = await openImages(config.data, {
    size: config.image.stored,
    limit: Math.max(1, Math.min(config.limit ?? 4096, 4096)),
  });
  try {
    const program = traceStep(settings);
    await estimate(engine, program, settings, 1);
    const multiplyAdds = cost(program as Program, isModelWork).multiplyAdds * config.accumulate;
    const { state, frozenEncoder } = initialState(settings, config.seed);
    const trainer = await Trainer.create(engine, program, settings, state, frozenEncoder);
    const batches = new Batches(images, settings.views, config.seed, settings.batch);
    batches.prefetch(0);
    const steps: number[] = [];
    const inputs: number[] = [];
    const products: number[] = [];
    for (let round = -2; round < rounds; round++) {
      const start = performance.now();
      const fed = [];
      for (let i = 0; i < config.accumulate; i++)
        fed.push(await batches.get((round + 2) * config.accumulate + i));
      const ready = performance.now();
      await trainer.update(fed, rates(config, 0));
      const end = performance.now();
      if (round < 0) continue;
      steps.push(end - start);
      inputs.push(ready - start);
      products.push(await matmulRate(engine, 1));
      log?.progress(`round ${round + 1}/${rounds}`);
    }
    const milliseconds = median(steps);
    const gflops = (2 * multiplyAdds) / milliseconds / 1e6;
    const product = (2 * median(products)) / 1e9;
    return {
      preset: config.preset,
      threads: engine.threads,
      rounds,
      step: { milliseconds, imagesPerSecond: (config.batch / milliseconds) * 1000, gflops },
      matmul: { gflops: product },
      fractionOfMatmul: gflops / product,
      inputShare: median(inputs) / milliseconds,
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    };
  } finally {
    engine.dispose();
    await images.close();
  }
}

/** The result in words. */
export function describeBench({
  preset,
  threads,
  rounds,
  step,
  matmul,
  fractionOfMatmul,
  inputShare,
  peakMemoryBytes,
}: Bench): string {
  return [
    `preset ${preset}, ${threads} threads, medians of ${rounds} steps`,
    `step     ${step.milliseconds.toFixed(1)} ms, ${step.imagesPerSecond.toFixed(0)} images/s, ${step.gflops.toFixed(0)} GFLOP/s of model work`,
    `matmul   ${matmul.gflops.toFixed(0)} GFLOP/s (1024³ between the steps); the step reaches ${(100 * fractionOfMatmul).toFixed(0)} % of it`,
    `input    ${(100 * inputShare).toFixed(1)} % of the time`,
    `memory   ${(peakMemoryBytes / 2 ** 20).toFixed(0)} MiB at the peak`,
  ].join('\n');
}
