/**
 * The same pretraining step here, in PyTorch and in JAX, side by side: every round asks each contender in turn for a few
 * steps, so that whatever else the machine does hits all alike. Medians over all steps.
 *
 *   npx tsx bench/race.ts --preset cifar --python python3 --out docs/results/race-cifar.json
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from '../src/median.js';
import { random } from '../src/random.js';
import { type Config, modelConfig, resolve } from '../src/run/config.js';
import { blurKernelSize, paperRectangles, patchGrid, sampleMasks } from '../src/world-model/index.js';

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'cifar' },
    set: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string', default: '15' },
    steps: { type: 'string', default: '4' },
    python: { type: 'string', default: 'python3' },
    only: { type: 'string', multiple: true },
    out: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const given = values.set.map(
  (text) => [text.split('=')[0], JSON.parse(text.slice(text.indexOf('=') + 1))] as const,
);
// What the peers' predictors have.
const set = { ...Object.fromEntries(given), 'predictor.conditioning': 'feature' };
const threads = availableParallelism();
const config = resolve(values.preset, { data: ['synthetic'], ...set });

interface Answer {
  milliseconds: number[];
  inputMilliseconds?: number[];
  productMultiplyAdds?: number;
  peakMemoryBytes: number;
}

/** Threads that spin for more work when theirs is done (OpenMP's do for 200 ms) must not slow down who comes next. */
const PAUSE_MILLISECONDS = 400;

/** A process that steps when asked. */
class Contender {
  readonly times: number[] = [];
  readonly inputs: number[] = [];
  readonly products: number[] = [];
  peakMemoryBytes = 0;
  firstStepSeconds = 0;
  version = '';
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

  async start(): Promise<void> {
    const begin = performance.now();
    const { version, multiplyAdds } = await this.#answer<{ version?: string; multiplyAdds?: number }>();
    this.firstStepSeconds = (performance.now() - begin) / 1000;
    this.version = version ?? '';
    this.multiplyAdds = multiplyAdds ?? Number.NaN;
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

  stop(): void {
    this.#process.stdin.end();
  }
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

function peerConfig(given: Config, compile: boolean, bfloat16: boolean): unknown {
  const masks = Array.from({ length: 1024 }, (_, i) => {
    const drawn = sampleMasks(random(0, i), patchGrid(given.image), { ...given.masks, ...paperRectangles });
    return [...drawn.visible, ...drawn.predicted];
  });
  return {
    ...{ compile, bfloat16, threads, masks, visible: given.masks.visible, model: modelConfig(given) },
    ...{ size: given.image.size, stored: given.image.stored, patch: given.image.patch, batch: given.batch },
    ...{ augmentation: given.augmentation, normalisation: given.normalisation },
    blurKernel: blurKernelSize(given.image.size),
    ...{ learningRate: given.optimiser.learningRate, weightDecay: given.optimiser.weightDecay[0] },
    ...{ betas: given.optimiser.betas, clip: given.optimiser.clip, momentum: given.ema[0] },
  };
}

const torch = (compile: boolean, bfloat16: boolean) => (): Contender =>
  new Contender(
    `PyTorch ${compile ? 'compile' : 'eager'} ${bfloat16 ? 'bfloat16' : 'float32'}`,
    values.python,
    [here('peers/step.py')],
    peerConfig(config, compile, bfloat16),
  );
const jax = (bfloat16: boolean) => (): Contender =>
  new Contender(
    `JAX ${bfloat16 ? 'bfloat16' : 'float32'}`,
    values.python,
    [here('peers/step_jax.py')],
    peerConfig(config, true, bfloat16),
  );
const field: Record<string, () => Contender> = {
  ours: () =>
    new Contender('ours float32', process.execPath, ['--import', 'tsx', here('ours.ts')], {
      preset: values.preset,
      set,
      threads,
    }),
  eager: torch(false, false),
  compile: torch(true, false),
  'eager-bf16': torch(false, true),
  'compile-bf16': torch(true, true),
  jax: jax(false),
  'jax-bf16': jax(true),
};

const contenders: Contender[] = [];
for (const [name, create] of Object.entries(field)) {
  // All is compared with ours.
  if (name !== 'ours' && values.only !== undefined && !values.only.includes(name)) continue;
  // One after another: what starts alone is timed alone.
  const contender = create();
  await contender.start();
  console.error(`${contender.name}: first step after ${contender.firstStepSeconds.toFixed(1)} s`);
  contenders.push(contender);
}
for (const contender of contenders) await contender.run(Number(values.steps), false);
for (let round = 0; round < rounds; round++) {
  for (const contender of contenders) await contender.run(Number(values.steps), true);
  console.error(`round ${round + 1}/${rounds}`);
}
for (const contender of contenders) contender.stop();

const ours = contenders[0] as Contender;
const work = 2 * ours.multiplyAdds;
const product = (2 * median(ours.products)) / 1e9;
const rows = contenders.map((contender) => {
  const milliseconds = median(contender.times);
  return {
    name: contender.name,
    version: contender.version,
    milliseconds,
    imagesPerSecond: (1000 * config.batch) / milliseconds,
    gflops: work / milliseconds / 1e6,
    fractionOfMatmul: work / milliseconds / 1e6 / product,
    oursIsFasterBy: milliseconds / median(ours.times),
    peakMemoryMiB: contender.peakMemoryBytes / 2 ** 20,
    firstStepSeconds: contender.firstStepSeconds,
    inputShare: contender.inputs.length > 0 ? median(contender.inputs) / milliseconds : undefined,
  };
});
const result = {
  preset: values.preset,
  set,
  threads,
  rounds,
  steps: Number(values.steps),
  matmulGflops: product,
  rows,
};
if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(result, null, 1)}\n`);
console.log(
  `| ${values.preset} | ms | images/s | GFLOP/s | of the product rate | ours faster by | peak MiB | first step |`,
);
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const row of rows)
  console.log(
    `| ${row.name} ${row.version} | ${row.milliseconds.toFixed(1)} | ${row.imagesPerSecond.toFixed(0)} | ` +
      `${row.gflops.toFixed(0)} | ${(100 * row.fractionOfMatmul).toFixed(0)} % | ${row.oursIsFasterBy.toFixed(2)} | ` +
      `${row.peakMemoryMiB.toFixed(0)} | ${row.firstStepSeconds.toFixed(1)} s |`,
  );
