/**
 * How fast a training step is on an accelerator, and what is learned there: our step in float32 and bfloat16, beside
 * PyTorch's on the same device, and a run's MRR.
 *
 *   npx tsx bench/accelerator.ts --device cuda --python python3 --data hf:uoft-cs/cifar10
 *
 * Every measurement is a process of its own and a line of docs/results/accelerator.jsonl; the same command measures what is not
 * there yet, and writes the table beside it. docs/devices.md says more.
 */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Evaluation } from '../src/evaluate/evaluation.js';
import { median } from '../src/median.js';
import { resolve } from '../src/run/config.js';
import { demands } from '../src/train/estimate.js';
import { stepConfig, traceStep } from '../src/train/step.js';
import { readLines, root } from './adapt-results.js';
import { type Contender, ours, torch } from './contender.js';
import { iwm, tableOf } from './iwm.js';

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    /** Models to time; others than those below are presets at their own batch. */
    model: { type: 'string', multiple: true, default: ['cifar', 'small', 'vit-b16', 'vit-l16'] },
    /** Steps that count, of each. */
    steps: { type: 'string', default: '30' },
    /** A Python with torch; without it only ours is timed. */
    python: { type: 'string' },
    /** What PyTorch calls the device. */
    'torch-device': { type: 'string', default: 'cuda' },
    /** What the device can do at most, dense: TFLOP/s in bfloat16 and in float32. */
    peak: { type: 'string', multiple: true, default: [] },
    /** What the run is trained on; without it there is none. */
    data: { type: 'string', multiple: true, default: [] },
    'run-steps': { type: 'string' },
    out: { type: 'string', default: join(root, 'docs', 'results', 'accelerator.jsonl') },
  },
});

type Precision = 'float32' | 'bfloat16';

/** What is timed, and by how many images. In bfloat16 all batches, as each device has its best; in float32 the first. */
const models: Readonly<Record<string, { preset: string; set: Record<string, unknown>; batches: number[] }>> =
  {
    cifar: { preset: 'cifar', set: {}, batches: [64, 1024] },
    small: { preset: 'small', set: {}, batches: [64, 512] },
    'vit-b16': { preset: 'vit-b16', set: { accumulate: 1 }, batches: [64, 128, 256, 512] },
    'vit-l16': {
      preset: 'vit-b16',
      set: { accumulate: 1, 'encoder.depth': 24, 'encoder.width': 1024 },
      batches: [32, 64, 128, 256],
    },
  };

/** Dense TFLOP/s by the makers' data sheets; the first whose name is in the device's. Float32 without TF32. */
const peaks: readonly (readonly [string, Record<Precision, number>])[] = [
  ['H200', { bfloat16: 989, float32: 67 }],
  ['H100 PCIe', { bfloat16: 756, float32: 51 }],
  ['H100', { bfloat16: 989, float32: 67 }],
  ['A100', { bfloat16: 312, float32: 19.5 }],
];

/** One measurement: a step, or what became of it. */
interface StepLine {
  readonly device: string;
  readonly model: string;
  readonly batch: number;
  readonly contender: string;
  readonly precision: Precision;
  /** Of the model in a step, forward and backward, counted from our program. */
  readonly multiplyAdds: number;
  /** Absent where the step could not be run: most often for lack of memory. */
  readonly measured?: {
    readonly version: string;
    readonly hardware: string;
    readonly milliseconds: number;
    /** Share of the time spent waiting for input and drawing it; absent of PyTorch, which makes it on the device. */
    readonly inputShare?: number;
    /** Of the device where it is told, else of the process. */
    readonly peakMemoryBytes: number;
    readonly firstStepSeconds: number;
  };
}

/** A run that was trained and measured on the device. */
interface RunLine {
  readonly device: string;
  readonly run: string;
  readonly precision: Precision;
  readonly steps: number;
  readonly seconds: number;
  readonly mrr: number;
  readonly mrrStandardError: number | undefined;
}

type Line = StepLine | RunLine;
const { device, python, out } = values;
const WARM_UP = 5;

mkdirSync(dirname(out), { recursive: true });
const lines = (): Line[] => readLines<Line>(out);
const keep = (line: Line): void => appendFileSync(out, `${JSON.stringify(line)}\n`);
const isStep = (line: Line): line is StepLine => 'model' in line;

for (const model of values.model) {
  const { preset, set, batches } = models[model] ?? { preset: model, set: {}, batches: [undefined] };
  for (const precision of ['bfloat16', 'float32'] as const)
    for (const batch of precision === 'float32' ? batches.slice(0, 1) : batches) {
      const told = { ...set, data: ['synthetic'], precision, ...(batch === undefined ? {} : { batch }) };
      await race(model, preset, told, precision);
    }
}
if (values.data.length > 0) for (const precision of ['bfloat16', 'float32'] as const) train(precision);
const table = render(lines());
writeFileSync(out.replace(/(\.jsonl)?$/, '.md'), table);
console.log(table);

/** Times the steps of a model in a precision that have not been timed. */
async function race(model: string, preset: string, own: Record<string, unknown>, precision: Precision) {
  // What PyTorch's predictor has.
  const set = { ...own, 'predictor.conditioning': 'feature', 'predictor.targetBlocks': 1 };
  const config = resolve(preset, set);
  const peer = (compile: boolean) => () =>
    torch(python as string, config, {
      compile,
      bfloat16: precision === 'bfloat16',
      device: values['torch-device'],
    });
  const contenders: Record<string, () => Contender> = {
    ours: () => ours('ours', { preset, set, threads: availableParallelism(), device }),
    ...(python ? { 'PyTorch eager': peer(false), 'PyTorch compiled': peer(true) } : {}),
  };
  const settings = stepConfig(config);
  const { multiplyAdds } = demands(traceStep(settings), settings, Number.POSITIVE_INFINITY);
  for (const [contender, create] of Object.entries(contenders)) {
    const cell = { device, model, batch: config.batch, contender, precision };
    const matches = (line: Line): boolean =>
      Object.entries(cell).every(([key, value]) => line[key as keyof Line] === value);
    if (lines().some(matches)) continue;
    console.error(`${model}, batch ${config.batch}, ${precision}: ${contender}`);
    const measured = await time(create());
    keep({ ...cell, multiplyAdds, ...(measured === undefined ? {} : { measured }) });
  }
}

/** @returns undefined where it stops by itself, having said why */
async function time(contender: Contender): Promise<StepLine['measured']> {
  try {
    await contender.start();
    await contender.run(WARM_UP, false);
    await contender.run(Number(values.steps), true);
  } catch (error) {
    console.error((error as Error).message);
    return undefined;
  } finally {
    await contender.stop();
  }
  const { version, hardware, times, inputs, peakMemoryBytes, firstStepSeconds } = contender;
  const milliseconds = median(times);
  const input = inputs.length > 0 ? { inputShare: median(inputs) / milliseconds } : {};
  return { version, hardware, milliseconds, ...input, peakMemoryBytes, firstStepSeconds };
}

/** Trains the cifar preset and measures it, as a person would. */
function train(precision: Precision): void {
  const matches = (line: Line): boolean =>
    !isStep(line) && line.device === device && line.precision === precision;
  if (lines().some(matches)) return;
  const folder = mkdtempSync(join(tmpdir(), 'iwm-accelerator-'));
  const sources = values.data.flatMap((source) => ['--data', source]);
  const set = ['--preset', 'cifar', '--set', `precision=${precision}`];
  const steps = values['run-steps'] === undefined ? [] : ['--steps', values['run-steps']];
  const run = join(folder, 'run');
  const began = performance.now();
  iwm('pretrain', ...sources, ...set, ...steps, '--device', device, '--out', run);
  const seconds = (performance.now() - began) / 1000;
  const { mrr } = iwm('evaluate', run, ...sources, '--device', device) as Evaluation;
  keep({
    ...{ device, run: 'cifar', precision, seconds },
    steps: Number(values['run-steps'] ?? resolve('cifar', { data: values.data }).steps),
    ...{ mrr: mrr.value, mrrStandardError: mrr.standardError },
  });
  rmSync(folder, { recursive: true });
}

/** What a device can do at most, TFLOP/s; undefined where nobody says. */
function peakOf(hardware: string, precision: Precision): number | undefined {
  const told = values.peak[precision === 'bfloat16' ? 0 : 1];
  return told ? Number(told) : peaks.find(([name]) => hardware.includes(name))?.[1][precision];
}

/** Both tables. MFU: the model's multiply-adds in a second, times two, as a share of what the device can do. */
function render(all: readonly Line[]): string {
  const hardwareOf = (of: string): string =>
    all.filter(isStep).find((line) => line.device === of && line.measured?.hardware)?.measured?.hardware ??
    '';
  const steps = all.filter(isStep).map(({ measured, multiplyAdds, precision, ...line }) => {
    const cells = [hardwareOf(line.device), line.model, line.batch, `${line.contender} ${precision}`];
    if (measured === undefined) return [...cells, 'could not be run', '', '', '', '', ''];
    const { milliseconds, inputShare, peakMemoryBytes, firstStepSeconds } = measured;
    const peak = peakOf(hardwareOf(line.device), precision);
    const share = (part: number | undefined): string =>
      part === undefined ? '–' : `${(100 * part).toFixed(1)} %`;
    return [
      ...cells,
      milliseconds.toFixed(1),
      ((1000 * line.batch) / milliseconds).toFixed(0),
      share(peak && (2 * multiplyAdds) / milliseconds / 1e9 / peak),
      share(inputShare),
      (peakMemoryBytes / 2 ** 30).toFixed(2),
      firstStepSeconds.toFixed(0),
    ];
  });
  const runs = all
    .filter((line): line is RunLine => !isStep(line))
    .map((line) => [
      ...[hardwareOf(line.device), line.run, line.precision, line.steps, (line.seconds / 60).toFixed(1)],
      `${line.mrr.toFixed(3)} ± ${line.mrrStandardError?.toFixed(3)}`,
    ]);
  const heads = 'device|model|batch|step|ms|images/s|MFU|input|peak GiB|first step s'.split('|');
  return [
    tableOf(heads, steps),
    ...(runs.length > 0 ? [tableOf(['device', 'run', 'precision', 'steps', 'minutes', 'MRR'], runs)] : []),
  ].join('\n');
}
