import { openImages } from '../data/images.js';
import type { Engine } from '../engine/index.js';
import { memoryOf } from '../engine/memory-limit.js';
import type { Config } from '../run/config.js';
import { Batches } from '../train/batches.js';
import { demands } from '../train/estimate.js';
import { checkPrecision } from '../train/precision.js';
import { rates } from '../train/schedule.js';
import { stepConfig, traceStep } from '../train/step.js';
import { initialState, Trainer } from '../train/trainer.js';

/** Images that are enough to time steps on. */
const IMAGES = 4096;

/** A fresh model's training steps on the configuration's data, one at a time, to be timed. */
export interface TimedSteps {
  /** Multiply-adds of the model in one step, forward and backward; views and update not counted. */
  readonly multiplyAdds: number;
  /** Waits until all images are decoded, so that later steps share the cores with nothing of ours. */
  settle(): Promise<void>;
  /** One step: its loss, milliseconds of all of it, and of waiting for and drawing its input. */
  run(): Promise<{ readonly loss: number; readonly whole: number; readonly input: number }>;
  /** Closes the images; the engine stays. */
  close(): Promise<void>;
}

/** @throws UserError where the configuration cannot fit in this machine's memory, or the engine has not its precision */
export async function openTimedSteps(config: Config, engine: Engine): Promise<TimedSteps> {
  const settings = stepConfig(config);
  await checkPrecision(engine, config.precision);
  const program = traceStep(settings);
  const { multiplyAdds, parted } = demands(program, settings, memoryOf(engine));
  const limit = Math.min(config.limit ?? IMAGES, IMAGES);
  const images = await openImages(config.data, { size: config.image.stored, limit });
  const start = initialState(settings, config.seed);
  const trainer = await Trainer.create(engine, program, settings, start, { parted });
  const batches = new Batches(images, settings.views, config.seed, settings.batch);
  batches.prefetch(0);
  let number = 0;
  return {
    multiplyAdds,
    async settle() {
      await images.bad(Array.from({ length: images.length }, (_, i) => i));
    },
    async run() {
      const start = performance.now();
      const fed = [];
      for (let i = 0; i < config.accumulate; i++) fed.push(await batches.get(number++));
      const ready = performance.now();
      const { loss } = await trainer.update(fed, rates(config, 0));
      return { loss, whole: performance.now() - start, input: ready - start };
    },
    close: () => images.close(),
  };
}
