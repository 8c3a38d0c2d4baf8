// What races each other: a process that steps when asked, ours or a peer's, and what both are told.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { random } from '../src/random.js';
import { type Config, modelConfig } from '../src/run/config.js';
import { blurKernelSize, paperRectangles, patchGrid, sampleMasks } from '../src/world-model/index.js';

interface Ready {
  version?: string;
  hardware?: string;
  multiplyAdds?: number;
}

interface Answer {
  milliseconds: number[];
  inputMilliseconds?: number[];
  productMultiplyAdds?: number;
  peakMemoryBytes: number;
}

/** Threads that spin for more work when theirs is done (OpenMP's do for 200 ms) must not slow down who comes next. */
const PAUSE_MILLISECONDS = 400;

/** A process that steps when asked. */
export class Contender {
  readonly times: number[] = [];
  readonly inputs: number[] = [];
  readonly products: number[] = [];
  peakMemoryBytes = 0;
  firstStepSeconds = 0;
  version = '';
  /** What it computes on, where it knows. */
  hardware = '';
  /** Of the model in a step, where it knows them. */
  multiplyAdds = Number.NaN;

  readonly #process;
  readonly #answers;

  constructor(
    readonly name: string,
    command: string,
    args: readonly string[],
    config: unknown,
  ) {
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.stdin.write(`${JSON.stringify(config)}\n`);
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async #answer<T>(): Promise<T> {
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`${this.name} stopped`);
    return JSON.parse(value) as T;
  }

  /** Waits for its first step. @throws Error where it stops before, as what does not fit into memory does */
  async start(): Promise<void> {
    const begin = performance.now();
    const ready = await this.#answer<Ready>();
    this.firstStepSeconds = (performance.now() - begin) / 1000;
    this.version = ready.version ?? '';
    this.hardware = ready.hardware ?? '';
    this.multiplyAdds = ready.multiplyAdds ?? Number.NaN;
  }

  async run(steps: number, counted: boolean): Promise<void> {
    await setTimeout(PAUSE_MILLISECONDS);
    this.#process.stdin.write(`${steps}\n`);
    const answer = await this.#answer<Answer>();
    if (!counted) return;
    this.times.push(...answer.milliseconds);
    this.inputs.push(...(answer.inputMilliseconds ?? []));
    if (answer.productMultiplyAdds !== undefined) this.products.push(answer.productMultiplyAdds);
    this.peakMemoryBytes = answer.peakMemoryBytes;
  }

  /** Ends it, with all the memory that it has taken. */
  async stop(): Promise<void> {
    this.#process.stdin.end();
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, 'exit');
  }
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Our step. */
export const ours = (
  name: string,
  told: { preset: string; set: Readonly<Record<string, unknown>>; threads: number; device: string },
): Contender => new Contender(name, process.execPath, ['--import', 'tsx', here('ours.ts')], told);

/** What tells two steps of PyTorch apart. */
export interface TorchForm {
  readonly compile: boolean;
  readonly bfloat16: boolean;
  readonly device: string;
}

/** PyTorch's step. */
export const torch = (python: string, given: Config, form: TorchForm): Contender =>
  new Contender(
    `PyTorch ${form.compile ? 'compile' : 'eager'} ${form.bfloat16 ? 'bfloat16' : 'float32'}`,
    python,
    [here('peers/step.py')],
    { ...form, ...peerConfig(given) },
  );

/** JAX's step. */
export const jax = (python: string, given: Config, bfloat16: boolean): Contender =>
  new Contender(`JAX ${bfloat16 ? 'bfloat16' : 'float32'}`, python, [here('peers/step_jax.py')], {
    ...{ compile: true, bfloat16 },
    ...peerConfig(given),
  });

/** A configuration as a peer reads it. */
function peerConfig(given: Config): object {
  const masks = Array.from({ length: 1024 }, (_, i) => {
    const drawn = sampleMasks(random(0, i), patchGrid(given.image), { ...given.masks, ...paperRectangles });
    return [...drawn.visible, ...drawn.predicted];
  });
  return {
    ...{ threads: availableParallelism(), masks, visible: given.masks.visible, model: modelConfig(given) },
    ...{ size: given.image.size, stored: given.image.stored, patch: given.image.patch, batch: given.batch },
    ...{ augmentation: given.augmentation, normalisation: given.normalisation },
    blurKernel: blurKernelSize(given.image.size),
    ...{ learningRate: given.optimiser.learningRate, weightDecay: given.optimiser.weightDecay[0] },
    ...{ betas: given.optimiser.betas, clip: given.optimiser.clip, momentum: given.ema[0] },
  };
}
