import type { Config } from '../run/config.js';
import type { StepLine } from '../run/metrics.js';
import type { RunStore } from '../run/run-store.js';
import { duration, percent } from '../words.js';
import type { Rates } from './update.js';

/** Averages steps into the lines of metrics.jsonl and of the screen, and adds up how long they took. */
export class StepLog {
  /** Seconds in steps, and the part of them spent waiting for and sampling input. */
  seconds = 0;
  inputSeconds = 0;
  #interval = { loss: 0, steps: 0, seconds: 0, inputSeconds: 0 };

  constructor(
    private readonly store: Pick<RunStore, 'addMetric'>,
    private readonly config: Config,
    private readonly progress: (line: string) => void,
    /** Of the time that steps take, what the rest of a run takes on top. */
    private readonly overhead = 0,
  ) {}

  /** @param done steps done, this one included */
  async add(
    done: number,
    { loss, gradientNorm }: { loss: number; gradientNorm: number },
    { learningRate, weightDecay, momentum }: Rates<number>,
    { seconds, inputSeconds }: { seconds: number; inputSeconds: number },
  ): Promise<void> {
    const { batch, steps, log } = this.config;
    this.seconds += seconds;
    this.inputSeconds += inputSeconds;
    const interval = {
      loss: this.#interval.loss + loss,
      steps: this.#interval.steps + 1,
      seconds: this.#interval.seconds + seconds,
      inputSeconds: this.#interval.inputSeconds + inputSeconds,
    };
    this.#interval = interval;
    // The first one is told at once: that training has begun, and how fast.
    if (done !== 1 && done % log.every !== 0 && done !== steps) return;
    this.#interval = { loss: 0, steps: 0, seconds: 0, inputSeconds: 0 };
    const line: StepLine = {
      step: done,
      images: done * batch,
      loss: interval.loss / interval.steps,
      gradientNorm,
      learningRate,
      weightDecay,
      momentum,
      imagesPerSecond: (interval.steps * batch) / interval.seconds,
      inputShare: interval.inputSeconds / interval.seconds,
    };
    await this.store.addMetric({ kind: 'step', ...line });
    const left = (((steps - done) * batch) / line.imagesPerSecond) * (1 + this.overhead);
    this.progress(
      `step ${done}/${steps}  loss ${line.loss.toFixed(4)}  ${line.imagesPerSecond.toFixed(0)} images/s  input ${percent(line.inputShare)}  about ${duration(left)} left`,
    );
  }
}
